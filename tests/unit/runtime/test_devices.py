"""Which locks stand for the devices of this process."""

from pathlib import Path

import pytest

from tasks.runtime.child import device_lock_paths


def names(paths: list[Path]) -> list[str]:
    return [path.stem.rpartition("-")[2] for path in paths]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return the device folder of a machine with two GPUs."""
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_process_that_sees_all_gpus_shares_a_lock_with_one_that_sees_one(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    everything = device_lock_paths(machine)
    assert names(everything) == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert device_lock_paths(machine) == everything[1:]


def test_two_processes_take_their_locks_in_one_order(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    first = device_lock_paths(machine)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0, 1")
    assert device_lock_paths(machine) == first


@pytest.mark.parametrize("chosen", ["", "-1"])
def test_no_gpu_wanted_means_the_cpu(machine: Path, monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert names(device_lock_paths(machine)) == ["cpu"]


def test_no_gpu_there_means_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert names(device_lock_paths(tmp_path)) == ["cpu"]


def test_machines_that_share_a_home_do_not_share_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.runtime.child._machine", lambda: "here")
    here = device_lock_paths(tmp_path)
    monkeypatch.setattr("tasks.runtime.child._machine", lambda: "there")
    assert not set(here) & set(device_lock_paths(tmp_path))

"""A child process from start to end, whatever that end is."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import FinetuneError, ResourceError, TransientError
from tasks.runtime.child import device_lock_paths
from tasks.runtime.parent import run_child
from tasks.store.locks import file_lock

WORK = "tests.unit.runtime.work:"


def test_result_progress_and_an_absolute_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINETUNE_FLOWS_HOME", "relative-home")
    heard: list[dict[str, Any]] = []
    said = run_child(f"{WORK}double", {"number": 21}, tmp_path / "work", on_progress=heard.append)
    assert said == {"double": 42, "home": str(tmp_path / "relative-home")}
    assert [event["message"] for event in heard] == ["doubling"]
    assert not (tmp_path / "work" / "relative-home").exists()


@pytest.mark.parametrize(
    ("how", "kind", "text"),
    [
        ("connection", TransientError, "the hub hung up"),
        ("busy", TransientError, "busy"),
        ("disk", ResourceError, "finetune-flows clean"),
        ("disk of a library", ResourceError, "finetune-flows clean"),
        ("memory", ResourceError, "out of memory"),
        ("other", FinetuneError, "ValueError: a fault"),
    ],
)
def test_errors_keep_their_kind(tmp_path: Path, how: str, kind: type[FinetuneError], text: str) -> None:
    with pytest.raises(FinetuneError, match=text) as caught:
        run_child(f"{WORK}fail", {"how": how}, tmp_path)
    assert type(caught.value) is kind
    assert "child.log" in str(caught.value)


def test_a_crash_is_named_by_its_signal(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match=r"SIGSEGV.*child\.log"):
        run_child(f"{WORK}crash", {}, tmp_path)


def test_ctrl_c_is_left_to_the_parent(tmp_path: Path) -> None:
    assert run_child(f"{WORK}interrupted", {}, tmp_path) == "still here"


def test_a_run_that_was_ended_is_not_tried_again(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    with pytest.raises(FinetuneError, match="ended on the server") as caught:
        run_child(f"{WORK}wait", {}, tmp_path, on_progress=heard.append, should_stop=lambda: bool(heard))
    assert not caught.value.transient


def test_waiting_for_a_device_is_said_and_ends_when_the_run_does(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    started = tmp_path / "started"
    with file_lock(device_lock_paths()[0], "the device"):
        begun = time.monotonic()
        with pytest.raises(FinetuneError, match="ended on the server"):
            run_child(
                f"{WORK}slow",
                {"started": str(started)},
                tmp_path,
                on_progress=heard.append,
                should_stop=lambda: bool(heard),
            )
        # A child that does not listen while it waits would be killed only after the grace of 20 s.
        assert time.monotonic() - begun < 15
    assert heard[0]["message"].startswith("waiting for the device, held by process ")
    assert not started.exists()


def test_the_limit_counts_from_when_the_child_has_its_device(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    released = threading.Event()

    def hold() -> None:
        with file_lock(device_lock_paths()[0], "the device"):
            held.set()
            released.wait(30)

    held = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)

    def on_progress(event: dict[str, Any]) -> None:
        heard.append(event)
        threading.Timer(1.5, released.set).start()

    with pytest.raises(ResourceError, match="limit of 1 s"):
        run_child(
            f"{WORK}slow", {"started": str(tmp_path / "started")}, tmp_path, on_progress=on_progress, timeout_s=0.6
        )
    holder.join()
    assert (tmp_path / "started").exists(), "the limit had passed while the child still waited"

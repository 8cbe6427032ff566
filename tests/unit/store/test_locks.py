"""Waiting for a lock: said, and given up when asked."""

from pathlib import Path

import pytest

from tasks.store.locks import file_lock


class GivenUpError(Exception):
    """The waiting was ended."""


def test_whoever_waits_is_told_for_whom_and_can_give_up(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "device.lock"
    said: list[str] = []

    def check() -> None:
        if said:
            raise GivenUpError

    with (
        file_lock(path, "the device"),
        pytest.raises(GivenUpError),
        file_lock(path, "the device", on_wait=said.append, check=check),
    ):
        raise AssertionError("two hold the lock")
    assert len(said) == 1
    assert said[0].startswith("waiting for the device, held by process ")
    with file_lock(path, "the device", on_wait=said.append):
        assert len(said) == 1, "a free lock is taken without a word"

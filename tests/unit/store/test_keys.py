"""Digests of files: remembered, but never wrong."""

import os
import time
from pathlib import Path

import pytest

from tasks.store import keys
from tasks.store.keys import file_digest


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_digests", {})


def settled(path: Path, data: bytes) -> Path:
    """Write a file as if it had been there for a minute."""
    path.write_bytes(data)
    past = time.time_ns() - 60_000_000_000
    os.utime(path, ns=(past, past))
    return path


def test_a_hard_link_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = settled(tmp_path / "first", b"weights")
    digest = file_digest(first)
    second = tmp_path / "second"
    second.hardlink_to(first)

    def read(*_arguments: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("hashlib.file_digest", read)
    assert file_digest(second) == digest


def test_a_file_that_changes_in_place_has_another_digest(tmp_path: Path) -> None:
    path = settled(tmp_path / "rows", b"before")
    before = file_digest(path)
    path.write_bytes(b"after!")
    assert file_digest(path) != before


def test_a_file_written_a_moment_ago_is_always_read(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"before")
    before, state = file_digest(path), path.stat()
    # What a second write within one tick of the file system's clock looks like.
    path.write_bytes(b"after!")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert file_digest(path) != before


def test_only_so_many_digests_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "REMEMBERED", 3)
    for number in range(10):
        file_digest(settled(tmp_path / str(number), str(number).encode()))
    assert len(keys._digests) <= 3

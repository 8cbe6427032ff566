"""Checksum files as coreutils write and read them."""

import subprocess
from pathlib import Path

import pytest

from tasks.errors import ArtifactError
from tasks.promotion.checksums import read_sums, sums_text

DIGEST = "ab" * 32


def test_what_is_written_is_read_back_sorted(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(sums_text({"b c": DIGEST, "a/b": "cd" * 32}))
    assert list(read_sums(tmp_path / "s").items()) == [("a/b", "cd" * 32), ("b c", DIGEST)]


def test_sha256sum_reads_it_and_we_read_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("x")
    written = subprocess.run(["sha256sum", "a file"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    (tmp_path / "theirs").write_text(written)
    (tmp_path / "ours").write_text(sums_text(read_sums(tmp_path / "theirs")))
    assert subprocess.run(["sha256sum", "-c", "--strict", "ours"], cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "a file").write_text("y")
    assert subprocess.run(["sha256sum", "-c", "--status", "ours"], cwd=tmp_path, check=False).returncode == 1


@pytest.mark.parametrize("line", [f"{DIGEST} a", f"{DIGEST}  ", f"{DIGEST[:-1]}g  a", "short  a", f"\\{DIGEST}  a"])
def test_lines_that_are_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "s").write_text(f"{DIGEST}  fine\n{line}\n")
    with pytest.raises(ArtifactError, match="line 2"):
        read_sums(tmp_path / "s")


def test_a_name_stands_there_once(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(f"{DIGEST}  a\n{DIGEST}  a\n")
    with pytest.raises(ArtifactError, match="second time"):
        read_sums(tmp_path / "s")


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\rb"])
def test_names_that_would_need_an_escape_are_refused(name: str) -> None:
    with pytest.raises(ArtifactError, match="no name"):
        sums_text({name: DIGEST})

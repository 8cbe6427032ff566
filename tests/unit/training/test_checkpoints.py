from pathlib import Path

from tasks.training.checkpoints import MARKER, is_complete, mark_complete, newest_complete


def checkpoint(folder: Path, step: int, *, complete: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "adapter_model.safetensors").write_bytes(b"weights" * step)
    (path / "optimizer.pt").write_bytes(b"moments" * step)
    if complete:
        mark_complete(path)
    return path


def test_the_newest_whole_checkpoint_is_taken_by_number_not_by_name(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 100)
    assert newest_complete(tmp_path) == newest


def test_a_checkpoint_without_its_marker_is_skipped_and_removed(tmp_path: Path) -> None:
    older = checkpoint(tmp_path, 10)
    torn = checkpoint(tmp_path, 20, complete=False)
    assert newest_complete(tmp_path) == older
    assert not torn.exists()


def test_a_damaged_file_makes_the_checkpoint_count_for_nothing(tmp_path: Path) -> None:
    older, newer = checkpoint(tmp_path, 10), checkpoint(tmp_path, 20)
    (newer / "optimizer.pt").write_bytes(b"moments" * 19 + b"mOments")
    assert not is_complete(newer)
    assert newest_complete(tmp_path) == older


def test_a_missing_file_or_a_torn_marker_counts_too(tmp_path: Path) -> None:
    first, second = checkpoint(tmp_path, 1), checkpoint(tmp_path, 2)
    (first / "optimizer.pt").unlink()
    (second / MARKER).write_text("{")
    assert not is_complete(first)
    assert not is_complete(second)
    assert newest_complete(tmp_path) is None


def test_no_folder_means_no_checkpoint(tmp_path: Path) -> None:
    assert newest_complete(tmp_path / "nothing") is None

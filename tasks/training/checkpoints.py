"""Checkpoints that count only when they are whole.

A checkpoint folder gets `COMPLETE` last, with the digest of each of its files. A kill in the middle of a save leaves a
folder without it; a damaged file no longer matches it. Both are skipped, and the next older checkpoint is taken.
"""

import json
import logging
import os
import shutil
from pathlib import Path

from tasks.store.keys import file_digest

log = logging.getLogger(__name__)

MARKER = "COMPLETE"


def mark_complete(checkpoint: Path) -> None:
    """Write the marker of a checkpoint that has just been saved."""
    digests = {
        path.relative_to(checkpoint).as_posix(): file_digest(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != MARKER
    }
    scratch = checkpoint / f".{MARKER}"
    with scratch.open("w", encoding="utf-8") as file:
        json.dump(digests, file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(checkpoint / MARKER)


def is_complete(checkpoint: Path) -> bool:
    """Return whether a checkpoint has its marker and every file is as it was when the marker was written."""
    try:
        digests: dict[str, str] = json.loads((checkpoint / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return all((checkpoint / name).is_file() and file_digest(checkpoint / name) == digests[name] for name in digests)


def newest_complete(folder: Path) -> Path | None:
    """Return the newest whole checkpoint below a folder and remove the broken ones that are newer."""
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        if is_complete(checkpoint):
            return checkpoint
        log.warning("the checkpoint %s is incomplete or damaged and is not used", checkpoint)
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1

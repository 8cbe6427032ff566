"""The champion pointer and its history.

The pointer is a relative link that is replaced by one rename, so a reader sees the old release or the new one. The
history follows it: when a process dies between the two, the next one that holds the lock writes the missing line.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tasks.errors import ConfigError
from tasks.promotion.registry import (
    CHAMPION,
    Release,
    describe,
    folder_of,
    lock_of,
    pointed,
    read_release,
    verify,
    versions,
)
from tasks.store.locks import file_lock

HISTORY = "history.jsonl"
Action = Literal["release", "promote", "rollback", "found"]


def history(name: str) -> list[dict[str, Any]]:
    """Return the moves of a name's pointer, oldest first: time, action, from, to, reason."""
    path = folder_of(name) / HISTORY
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def move(name: str, version: str, action: Action, reason: str) -> None:
    """Point to a version and write it down. The caller holds the lock of the name."""
    before = pointed(name)
    folder = folder_of(name)
    temporary = folder / f".{CHAMPION}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version)
    temporary.replace(folder / CHAMPION)
    sync_folder(folder)
    _write_down(name, action, before, version, reason)


def settle(name: str) -> None:
    """Write the line that a killed process could not write any more. The caller holds the lock of the name."""
    now, moves = pointed(name), history(name)
    last = moves[-1]["to"] if moves else None
    if now is not None and now != last:
        _write_down(name, "found", last, now, "the pointer had moved without a line here")


def promote_release(name: str, version: str, reason: str = "") -> Release:
    """Make an existing release the champion, after every file of it was checked.

    Raises:
        ArtifactError: It is not there, or not whole.
    """
    with file_lock(lock_of(name), waiting_for=f"the releases of {name}"):
        settle(name)
        read_release(name, version)
        verify(name, version)
        if pointed(name) != version:
            move(name, version, "promote", reason)
        return describe(name, version)


def rollback(name: str, to: str = "", reason: str = "") -> Release:
    """Point back to the champion before this one, or to a named version, after every file of it was checked.

    Args:
        name: The model's name.
        to: A version such as `v3`; empty means the champion before the present one.
        reason: Kept in the history.

    Raises:
        ConfigError: There is nothing to go back to.
        ArtifactError: The release to go back to is not there, or not whole. The pointer has not moved.
    """
    with file_lock(lock_of(name), waiting_for=f"the releases of {name}"):
        settle(name)
        target = to or _previous(name)
        read_release(name, target)
        verify(name, target)
        if pointed(name) != target:
            move(name, target, "rollback", reason)
        return describe(name, target)


def _previous(name: str) -> str:
    """Return the champion before this one: a rollback takes the newest off the pile, so two go back two."""
    pile: list[str] = []
    for line in history(name):
        if line["action"] == "rollback" and line["to"] in pile:
            del pile[pile.index(line["to"]) + 1 :]
        else:
            if line["to"] in pile:
                pile.remove(line["to"])
            pile.append(line["to"])
    if len(pile) < 2:
        there = ", ".join(versions(name)) or "none"
        raise ConfigError(
            f"{name} has no earlier champion to go back to (champion: {pointed(name) or 'none'}; releases: {there}). "
            "Name a version to point to one that never was the champion."
        )
    return pile[-2]


def _write_down(name: str, action: Action, before: str | None, after: str, reason: str) -> None:
    """Add a line by replacing the file: a killed process leaves the old history, never half a line."""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"time": time, "action": action, "from": before, "to": after, "reason": reason}
    path = folder_of(name) / HISTORY
    temporary = path.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in [*history(name), line])
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

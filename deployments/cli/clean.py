"""What can go: artefacts that no release came from, scratch folders, half-written and damaged ones."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import ArtifactError
from tasks.promotion.registry import list_releases, names
from tasks.settings import home
from tasks.store.refs import Ref
from tasks.store.store import Store

DAY_S = 86400.0


def removable(days: int) -> list[tuple[Path, str]]:
    """Return the folders that can go, each with its reason."""
    return [(path, why) for path, why in _candidates(days) if not _held(path)]


def remove(days: int) -> int:
    """Remove them, each under the lock that a run building it would hold; return how many went."""
    count = 0
    for path, _ in removable(days):
        with _lock(path) as free:
            if free:
                shutil.rmtree(path, ignore_errors=True)
                count += not path.exists()
    return count


def size_of(folder: Path) -> int:
    """Return the bytes that removing a folder frees (files that a release links to stay)."""
    stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)


def _candidates(days: int) -> Iterator[tuple[Path, str]]:
    root, oldest = home(), time.time() - days * DAY_S
    needed = _needed()
    for path in sorted(root.glob("artifacts/*/*")):
        if f"{path.parent.name}/{path.name}" not in needed and path.stat().st_mtime <= oldest:
            yield path, "no release came from it"
    for path in sorted(root.glob("work/*/*")):
        if path.stat().st_mtime <= oldest:
            yield path, "scratch of a run that did not end"
    for path in sorted(root.glob("downloads/*/*")):
        if path.stat().st_mtime <= oldest:
            yield path, "copy of a remote file"
    for path in sorted(root.glob("partial/*/*")):
        yield path, "half-written"
    for path in sorted(root.glob("damaged/*")):
        yield path, "damaged"


def _needed() -> set[str]:
    """Return `kind/key` of every artefact in the lineage of a release, with all that it came from."""
    store = Store()
    waiting = [
        f"{part['kind']}/{part['key']}"
        for name in names()
        for release in list_releases(name)
        for part in release["lineage"].values()
    ]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        kind, _, key = name.partition("/")
        if not store.directory(kind, key).is_dir():
            continue
        try:
            parents = store.manifest(Ref(kind=kind, key=key, path="", digest="")).parents
        except ArtifactError:
            continue
        waiting += [parent for parent in parents.values() if "/" in parent]
    return needed


def _held(path: Path) -> bool:
    with _lock(path) as free:
        return not free


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Take the lock of a folder's key if nobody holds it; yield whether that worked."""
    lock = home() / "locks" / f"{path.parent.name}-{path.name}.lock"
    if not lock.is_file():
        yield True
        return
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True

"""Vectors kept from run to run, so that last night's rows are not computed again.

A cache folder holds segments: NumPy files of (key, row) that are written once, under a name with their own digest, and
moved in by one rename. A segment that does not match its digest is dropped, and its rows are computed again. Readers
take no lock; writers take one, so two processes may share a folder.

Nothing here knows what a row means: float32 embeddings and uint32 MinHash signatures alike. The folder's name must say
everything that decides a row besides its text (model digest, settings, library versions).
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.store.locks import file_lock

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

KEY_BYTES = 16
LIMIT_BYTES = 2 * 2**30
_SUFFIX = ".npy"
_PARTIAL = ".partial-"


def text_key(text: str) -> bytes:
    """Return the 16 bytes a text is known by (BLAKE2b)."""
    # A lone surrogate cannot be written as UTF-8; it must not stop a run.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


class VectorCache:
    """Rows of one width and type, by key."""

    def __init__(self, folder: Path, width: int, dtype: str, limit_bytes: int = LIMIT_BYTES) -> None:
        """Use a folder, which is created by the first write.

        Args:
            folder: One for each kind of row.
            width: Numbers in a row.
            dtype: NumPy type of a number, for example `float32`.
            limit_bytes: When the segments grow beyond it, those that were read longest ago are removed.
        """
        import numpy as np

        self.folder, self.limit_bytes = folder, limit_bytes
        self._type = np.dtype([("key", f"S{KEY_BYTES}"), ("row", dtype, (width,))])
        self._verified: set[str] = set()

    def get(self, keys: Sequence[bytes]) -> tuple["np.ndarray", "np.ndarray"]:
        """Look rows up.

        Returns:
            Rows, shape [keys, width] (zeros where there is none), and a mask of the keys that were found.
        """
        import numpy as np

        wanted = np.array(keys, dtype=f"S{KEY_BYTES}")
        rows = np.zeros(len(wanted), dtype=self._type["row"])
        found = np.zeros(len(wanted), dtype=bool)
        for path, segment in self._segments():
            missing = np.flatnonzero(~found)
            place, hit = _places(segment["key"], wanted[missing])
            if hit.any():
                rows[missing[hit]] = segment["row"][place[hit]]
                found[missing[hit]] = True
                _touch(path)
        return rows, found

    def put(self, keys: Sequence[bytes], rows: "np.ndarray") -> None:
        """Store rows, shape [keys, width]; keys that are there already are left as they are.

        Segments no larger than what is written are taken into it, so their number grows with the logarithm of the runs.
        """
        import numpy as np

        self.folder.mkdir(parents=True, exist_ok=True)
        with file_lock(self.folder / "write.lock", "the cache of vectors"):
            for leftover in self.folder.glob(f"{_PARTIAL}*"):
                leftover.unlink(missing_ok=True)
            fresh = np.zeros(len(keys), dtype=self._type)
            fresh["key"], fresh["row"] = np.array(keys, dtype=f"S{KEY_BYTES}"), rows
            segments = self._segments()
            for _, segment in segments:
                fresh = fresh[~_places(segment["key"], fresh["key"])[1]]
            # At most a limit's worth is written, of one run's rows the first.
            fresh = fresh[: self.limit_bytes // self._type.itemsize]
            fresh = fresh[np.unique(fresh["key"], return_index=True)[1]]
            if not len(fresh):
                return
            merged, parts, rows_merged = [], [fresh], len(fresh)
            for path, segment in sorted(segments, key=lambda entry: len(entry[1])):
                room = self.limit_bytes // self._type.itemsize - rows_merged
                if len(segment) <= min(rows_merged, room):
                    merged.append(path)
                    parts.append(segment)
                    rows_merged += len(segment)
            whole = np.concatenate(parts)
            written = self._write(whole[np.argsort(whole["key"])])
            for path in merged:
                if path != written:
                    path.unlink(missing_ok=True)
            self._shrink()

    def through(self, texts: Sequence[str], compute: Callable[[list[int]], "np.ndarray"]) -> tuple["np.ndarray", int]:
        """Return the rows of texts, computing only those that are not there yet and storing them.

        Args:
            texts: What the rows are of.
            compute: Takes positions in `texts`, each text once, and returns their rows, shape [positions, width].

        Returns:
            Rows, shape [texts, width], and how many texts' rows were found.
        """
        import numpy as np

        keys = [text_key(text) for text in texts]
        rows, found = self.get(keys)
        first: dict[bytes, int] = {}
        for position in np.flatnonzero(~found).tolist():
            first.setdefault(keys[position], position)
        if first:
            positions = list(first.values())
            computed = compute(positions).astype(self._type["row"].base, copy=False)
            self.put(list(first), computed)
            place = {key: index for index, key in enumerate(first)}
            for position in np.flatnonzero(~found).tolist():
                rows[position] = computed[place[keys[position]]]
        return rows, int(np.count_nonzero(found))

    def _segments(self) -> list[tuple[Path, "np.ndarray"]]:
        """Open the segments that are whole, and drop the others; each is sorted by key."""
        opened = []
        for path in sorted(self.folder.glob(f"[!.]*{_SUFFIX}")):
            segment = self._open(path)
            if segment is not None:
                opened.append((path, segment))
        return opened

    def _open(self, path: Path) -> "np.ndarray | None":
        import numpy as np

        try:
            if path.name not in self._verified:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "blake2b").hexdigest()
                if not digest.startswith(path.stem):
                    raise ValueError("does not match its digest")
            segment: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            if segment.dtype != self._type:
                raise ValueError("holds rows of another kind")
        except FileNotFoundError:
            # Another process has just taken it into a larger one; its rows are computed again at worst.
            return None
        except (ValueError, EOFError) as error:
            log.warning("%s %s: dropped, and its rows are computed again", path, error)
            path.unlink(missing_ok=True)
            return None
        self._verified.add(path.name)
        return segment

    def _write(self, whole: "np.ndarray") -> Path:
        import numpy as np

        partial = self.folder / f"{_PARTIAL}{os.getpid()}{_SUFFIX}"
        with partial.open("wb") as file:
            np.save(file, whole, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        with partial.open("rb") as file:
            name = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
        return partial.rename(self.folder / f"{name}{_SUFFIX}")

    def _shrink(self) -> None:
        paths = sorted(self.folder.glob(f"[!.]*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        excess = sum(path.stat().st_size for path in paths) - self.limit_bytes
        for path in paths[:-1]:
            if excess > 0:
                excess -= path.stat().st_size
                path.unlink(missing_ok=True)


def _places(known: "np.ndarray", wanted: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Return where each wanted key would stand among the sorted known ones, and whether it is there."""
    import numpy as np

    place = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    return place, known[place] == wanted if len(known) else np.zeros(len(wanted), dtype=bool)


def _touch(path: Path) -> None:
    try:
        os.utime(path, ns=(time.time_ns(), time.time_ns()))
    except OSError:
        # Removed meanwhile, or a folder that may only be read: the order of removal is all that suffers.
        return

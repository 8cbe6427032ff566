"""Texts on disk, read through the page cache: a search over them holds only what it works on.

A corpus is a folder of plain little-endian arrays: `texts.bin` (folded UTF-8), `places.bin` (first and last byte of
each text, int64 [texts, 2]) and `salts.bin` (uint64 [texts], equal for texts that may be compared).
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.packed import Packed, pack

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

WRITTEN_ROWS = 4096


@dataclass(frozen=True)
class Corpus:
    """Texts in a folder, as `write_corpus` leaves them. Cheap to send to another process that sees the folder."""

    folder: Path

    def __len__(self) -> int:
        """Return the number of texts."""
        return (self.folder / "salts.bin").stat().st_size // 8

    @property
    def salts(self) -> "Array":
        """Return what may be compared with what, uint64 [texts]."""
        return mapped(self.folder / "salts.bin", "uint64")

    @property
    def sizes(self) -> "Array":
        """Return the bytes of each text, int64 [texts]."""
        return _sizes(self.folder, (self.folder / "places.bin").stat().st_mtime_ns)

    def take(self, rows: Sequence[int] | range) -> Packed:
        """Return some texts; nothing is copied."""
        places = mapped(self.folder / "places.bin", "int64", 2)
        chosen = places[rows.start : rows.stop] if isinstance(rows, range) else places[list(rows)]
        return Packed(mapped(self.folder / "texts.bin", "uint8"), chosen[:, 0].copy(), chosen[:, 1].copy())


def write_corpus(folder: Path, texts: Iterable[str], labels: Iterable[Hashable] | None = None) -> Corpus:
    """Write texts into a new folder, some thousand at a time.

    Args:
        folder: Must not exist.
        texts: Compared after normalisation.
        labels: One for each text; only texts with equal labels are compared. They are told apart by 64 bits of a hash
            of their `repr`.
    """
    import numpy as np

    folder.mkdir(parents=True)
    at = 0
    with (
        (folder / "texts.bin").open("wb") as content,
        (folder / "places.bin").open("wb") as places,
        (folder / "salts.bin").open("wb") as salts,
    ):
        coming = iter(texts)
        named = iter(labels) if labels is not None else None
        for block in iter(lambda: list(islice(coming, WRITTEN_ROWS)), []):
            packed = pack(block)
            packed.data.tofile(content)
            (np.stack([packed.starts, packed.ends], axis=1) + at).tofile(places)
            at += len(packed.data)
            of_block = [0] * len(block) if named is None else [_salt(label) for label in islice(named, len(block))]
            np.array(of_block, np.uint64).tofile(salts)
    return Corpus(folder)


def _salt(label: Hashable) -> int:
    return int.from_bytes(hashlib.blake2b(repr(label).encode("utf-8", "surrogatepass"), digest_size=8).digest())


@lru_cache(maxsize=64)
def _mapped(path: Path, kind: str, columns: int, _version: tuple[int, int]) -> "Array":
    import numpy as np

    if not path.stat().st_size:
        empty = np.empty((0, columns) if columns else 0, kind)
        empty.flags.writeable = False
        return empty
    found = np.asarray(np.memmap(path, kind, "r"))
    return found.reshape(-1, columns) if columns else found


@lru_cache(maxsize=4)
def _sizes(folder: Path, _version: int) -> "Array":
    places = mapped(folder / "places.bin", "int64", 2)
    sizes: Array = places[:, 1] - places[:, 0]
    return sizes


def mapped(path: Path, kind: str, columns: int = 0) -> "Array":
    """Return a file as a read-only array, [values] or [rows, columns]."""
    stat = path.stat()
    return _mapped(path, kind, columns, (stat.st_mtime_ns, stat.st_ino))


def release() -> None:
    """Let go of mapped files, so that the room of deleted ones becomes free again."""
    _mapped.cache_clear()
    _sizes.cache_clear()


def write_at(path: Path, offset: int, values: "Array") -> None:
    """Write values into a file that `reserve` made; others may write elsewhere in it at the same time."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(values.tobytes())


def reserve(path: Path, size: int) -> None:
    """Make a file of a size, in bytes, whose content comes later."""
    with path.open("wb") as file:
        file.truncate(size)


def ranges(rows: int, size: int) -> Iterator[range]:
    """Yield ranges of up to `size` that cover all rows."""
    for start in range(0, rows, size):
        yield range(start, min(start + size, rows))

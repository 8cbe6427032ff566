"""Texts as one array of UTF-8 bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol
from unicodedata import normalize

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

BLOCK_BYTES = 1 << 19
"""Bytes of texts that are packed and hashed in one go: they and their hashes stay in the second-level cache."""
OVERHEAD_BYTES = 32
"""What a text counts beside its bytes, so that a block of very short texts is not endless."""


@dataclass(frozen=True)
class Packed:
    """Some texts in one array.

    Attributes:
        data: UTF-8, uint8 [bytes].
        starts: First byte of each text, int64 [texts].
        ends: Byte after each text, int64 [texts].
    """

    data: "Array"
    starts: "Array"
    ends: "Array"

    def __post_init__(self) -> None:
        """Make the bytes read-only, always: numba would compile each kernel again for arrays that are not."""
        self.data.flags.writeable = False


class Source(Protocol):
    """Where texts are taken from, some at a time, by any number of threads."""

    def __len__(self) -> int:
        """Return the number of texts."""

    @property
    def sizes(self) -> "Array":
        """Return the length of each text in bytes, about, int64 [texts]."""

    def take(self, rows: Sequence[int] | range) -> Packed:
        """Return some texts, in the order asked for."""


@dataclass
class Texts:
    """Texts in memory; they are never all copied."""

    texts: Sequence[str]

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts)

    @cached_property
    def sizes(self) -> "Array":
        """Return the number of characters of each text, int64 [texts]."""
        import numpy as np

        return np.fromiter(map(len, self.texts), np.int64, len(self.texts))

    def take(self, rows: Sequence[int] | range) -> Packed:
        """Return some texts packed."""
        if isinstance(rows, range) and rows.step == 1:
            return pack(self.texts[rows.start : rows.stop])
        return pack([self.texts[row] for row in rows])


def folded(text: str) -> str:
    """Fold compatibility forms (NFKC) and case; white space is left to the kernels."""
    return normalize("NFKC", text).casefold()


def pack(texts: Sequence[str]) -> Packed:
    """Fold texts and lay them end to end.

    White space is not folded, nor is case in ASCII: the kernels that read the result see past both. Lone surrogates
    are kept, as in `tasks.dedup.texts`.
    """
    import numpy as np

    plain = np.fromiter(map(str.isascii, texts), bool, len(texts))
    if plain.all():
        return _plain(texts)
    ascii_rows, rows = np.flatnonzero(plain), np.flatnonzero(~plain)
    simple = _plain([texts[row] for row in ascii_rows.tolist()])
    others = _folded([texts[row] for row in rows.tolist()])
    starts, ends = np.empty(len(texts), np.int64), np.empty(len(texts), np.int64)
    starts[ascii_rows], ends[ascii_rows] = simple.starts, simple.ends
    starts[rows], ends[rows] = others.starts + len(simple.data), others.ends + len(simple.data)
    return Packed(np.concatenate([simple.data, others.data]), starts, ends)


def _plain(texts: Sequence[str]) -> Packed:
    """Pack texts that are all ASCII."""
    import numpy as np

    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(lengths)
    return Packed(np.frombuffer("".join(texts).encode("ascii"), np.uint8), ends - lengths, ends)


def _folded(texts: Sequence[str]) -> Packed:
    """Pack texts that are not all ASCII: most are folded by a kernel, what it leaves by Python."""
    import numpy as np

    from tasks.dedup.kernels import folding

    data, starts, ends = _encoded(texts)
    left = np.empty(len(texts), bool)
    folding.fold(data, starts, ends, folding.table(), left)
    if left.any():
        rows = np.flatnonzero(left)
        more, more_starts, more_ends = _encoded([folded(texts[row]) for row in rows.tolist()])
        starts[rows], ends[rows] = more_starts + len(data), more_ends + len(data)
        data = np.concatenate([data, more])
    return Packed(data, starts, ends)


def _encoded(texts: Sequence[str]) -> "tuple[Array, Array, Array]":
    import numpy as np

    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    ends = np.cumsum(lengths)
    return np.frombuffer(bytearray().join(parts), np.uint8), ends - lengths, ends


def blocks(sizes: "Array", most: int = BLOCK_BYTES) -> list[tuple[int, int]]:
    """Return (first, last) of runs that cover all texts, each of about `most` bytes, or of one text that is longer.

    Args:
        sizes: Bytes of each text, int64 [texts].
        most: Bytes of a run.
    """
    import numpy as np

    ends = np.cumsum(sizes + OVERHEAD_BYTES)
    if not len(ends):
        return []
    cuts = np.searchsorted(ends, np.arange(most, ends[-1], most)) + 1
    return list(pairwise(np.unique([0, *cuts.tolist(), len(ends)]).tolist()))

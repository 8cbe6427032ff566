"""Candidates compared exactly, over sets of 64-bit shingle hashes.

Two different shingles share a hash with a chance of 2**-64, so a pair of texts with n shingles together is valued
wrongly with a chance below n**2 / 2**65: for texts of 180 words less than one in 10**14, for a million words about one
in ten million, and then by one shingle.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tasks.dedup.packed import Packed, Source, blocks

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

CHUNK_BYTES = 1 << 25  # the texts of pairs that are held as hashes at a time, in each thread; hashes take as much


class Found(NamedTuple):
    """Pairs of rows.

    Attributes:
        left: The lower row of each pair, int64.
        right: The higher row.
        value: Jaccard similarity, float64.
    """

    left: "Array"
    right: "Array"
    value: "Array"

    @classmethod
    def joined(cls, parts: "Sequence[Found]") -> "Found":
        """Return the pairs of all parts, each once, sorted."""
        import numpy as np

        left, right, value = (
            np.concatenate([np.empty(0, kind), *(part[number] for part in parts)])
            for number, kind in enumerate((np.int64, np.int64, np.float64))
        )
        order = np.lexsort((right, left))
        left, right, value = left[order], right[order], value[order]
        new = np.ones(len(left), bool)
        new[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
        return cls(left[new], right[new], value[new])


def distinct_hashes(texts: Packed, shingle_size: int) -> "tuple[Array, Array]":
    """Return the distinct shingle hashes of texts, uint64, and where each text's begin, int64 [texts + 1]."""
    import numpy as np

    from tasks.dedup.kernels import comparing, sketching

    # Room for one shingle a byte is reserved; memory is taken only for what is written.
    hashes = np.empty(int((texts.ends - texts.starts).sum()) + 1, np.uint64)
    begins = np.empty(len(texts.starts) + 1, np.int64)
    sketching.shingle_hashes(texts.data, texts.starts, texts.ends, sketching.FOLDS, shingle_size, hashes, begins)
    comparing.distinct(hashes, begins)
    return hashes, begins


def verified(source: Source, left: "Array", right: "Array", threshold: float, shingle_size: int) -> Found:
    """Return the pairs that reach the threshold.

    Args:
        source: The texts.
        left: Rows, int64 [pairs]; the fewer different ones in a run of pairs, the faster.
        right: Rows, int64 [pairs].
        threshold: Jaccard similarity.
        shingle_size: Words in a shingle.
    """
    import numpy as np

    from tasks.dedup.kernels import comparing

    values = np.empty(len(left), np.float64)
    sizes = source.sizes
    for first, last in blocks(sizes[left] + sizes[right], CHUNK_BYTES):
        part = slice(first, last)
        rows, places = np.unique(np.concatenate([left[part], right[part]]), return_inverse=True)
        hashes, begins = distinct_hashes(source.take(rows.tolist()), shingle_size)
        half = len(places) // 2
        comparing.jaccards(hashes, begins, places[:half], places[half:], values[part])
    close = values >= threshold
    return Found(left[close], right[close], values[close])

"""Banding: which rows meet in a bucket, and which pairs of them are worth an exact comparison.

A bucket holds the rows whose keys are equal in one band. Buckets of ordinary size propose all their pairs. A crowded
bucket (thousands of mails from one template, say) would propose a number that grows with its square; it is handed to
`tasks.dedup.crowds` instead, which joins what belongs together.

Keys are sorted with the row in their low bits, so that one sort of plain integers gives the buckets with their rows in
order. The bits that the row takes from the key make rows meet by chance: for five million rows six pairs a band.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tasks.dedup.unionfind import roots

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

MISSED_AT_THRESHOLD = 0.01


def banding(threshold: float, num_perm: int) -> tuple[int, int]:
    """Return (bands, rows in a band) for LSH.

    The longest band whose chance to miss a pair lying exactly at the threshold is at most 1 %; pairs above it are
    missed more rarely still. Recall is bought with false candidates, which the exact check throws out again.
    """
    best = (num_perm, 1)
    for rows in range(2, num_perm // 2 + 1):
        bands = num_perm // rows
        if (1 - threshold**rows) ** bands <= MISSED_AT_THRESHOLD:
            best = (bands, rows)
    return best


@dataclass(frozen=True)
class Meeting:
    """The rows of a search and where they meet.

    Attributes:
        keys: uint64 [bands, rows]; 0 for a row that meets none.
        salts: uint64 [rows]; only rows with equal ones are compared.
        sides: uint8 [rows], only rows with different ones are compared; of no rows for no sides.
        limit: Rows of a bucket above which it is crowded.
    """

    keys: "Array"
    salts: "Array"
    sides: "Array"
    limit: int

    @property
    def low(self) -> int:
        """Return the mask of the bits that hold the row in sorted keys."""
        rows = int(self.keys.shape[1])
        return (1 << max(1, (rows - 1).bit_length())) - 1


@dataclass(frozen=True)
class Order:
    """The sorted keys of one band.

    Attributes:
        sorted: uint64, the key in the high bits, the row in the low ones; only rows that share a bucket.
        crowded: First and last (exclusive) position of each crowded bucket, int64 [buckets, 2].
        pairs: Pairs in all other buckets.
    """

    sorted: "Array"
    crowded: "Array"
    pairs: int


def order_of(meeting: Meeting, band: int) -> Order:
    """Sort one band, drop the rows that are alone in their bucket, and find the crowded buckets."""
    import numpy as np

    from tasks.dedup.kernels import buckets

    keys, low = meeting.keys[band], np.uint64(meeting.low)
    rows = np.flatnonzero(keys)
    order = (keys[rows] & ~low) | rows.astype(np.uint64)
    order.sort()
    order = order[: buckets.shared(order, low)].copy()
    return Order(order, *crowded_in(order, meeting))


def crowded_in(order: "Array", meeting: Meeting) -> "tuple[Array, int]":
    """Return the crowded buckets of sorted keys, int64 [buckets, 2], and the number of pairs in all others."""
    import numpy as np

    from tasks.dedup.kernels import buckets

    result = np.empty((len(order) // (meeting.limit + 1), 2), np.int64)
    pairs, crowded = buckets.runs(order, np.uint64(meeting.low), meeting.limit, result) if len(order) else (0, 0)
    return result[:crowded], pairs


@dataclass(frozen=True)
class Crowds:
    """The crowded buckets of all bands.

    Attributes:
        keys: Their keys without the low bits, sorted in each band, uint64.
        begins: Where each band begins in `keys`, and the last ends, int64 [bands + 1].
    """

    keys: "Array"
    begins: "Array"

    @classmethod
    def of(cls, meeting: Meeting, orders: Sequence[Order]) -> "Crowds":
        """Collect the crowded buckets of all bands, in their order."""
        import numpy as np

        keys = [order.sorted[order.crowded[:, 0]] & ~np.uint64(meeting.low) for order in orders]
        return cls(np.concatenate(keys), np.cumsum([0, *map(len, keys)], dtype=np.int64))


def cuts(order: "Array", low: int, most: int) -> list[tuple[int, int]]:
    """Return (first, last) of parts of sorted keys of about `most` rows that cut no bucket."""
    import numpy as np

    wanted = order[most::most] & ~np.uint64(low)
    edges = np.unique([0, *np.searchsorted(order, wanted).tolist(), len(order)]).tolist()
    return list(pairwise(edges))


def pairs_in(meeting: Meeting, crowds: Crowds, band: int, part: "Array") -> "tuple[Array, Array]":
    """Return the lower and the higher rows, int64, of the pairs that meet in a part of a band and in none before."""
    import numpy as np

    from tasks.dedup.kernels import buckets

    _, most = crowded_in(part, meeting)
    left, right = np.empty(most, np.int64), np.empty(most, np.int64)
    if not most:
        return left, right
    found = buckets.bucket_pairs(
        part, np.uint64(meeting.low), meeting.limit, band, meeting.keys, meeting.salts, meeting.sides,
        crowds.keys, crowds.begins, left, right,
    )  # fmt: skip
    return left[:found], right[:found]


def in_order(parts: "Sequence[tuple[Array, Array]]", rows: int, most: int) -> "list[tuple[Array, Array]]":
    """Return all candidates in pieces of `most`, those that hang together side by side: texts are hashed for a piece.

    Args:
        parts: Lower and higher rows of candidates, int64.
        rows: How many rows there are.
        most: Pairs in a piece.
    """
    import numpy as np

    left, right = (np.concatenate([np.empty(0, np.int64), *(part[side] for part in parts)]) for side in (0, 1))
    order = np.lexsort((right, left, roots(rows, left, right)[left]))
    left, right = left[order], right[order]
    return [(left[start : start + most], right[start : start + most]) for start in range(0, len(left), most)]

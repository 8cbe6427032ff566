"""Crowded buckets: groups without all pairs.

A bucket of m rows has m * (m - 1) / 2 pairs. What is wanted of a crowded one is which rows belong together, and there
it is enough to compare a row with a member of each group it is not in yet: thousands of copies of one mail take one
comparison each. A row that is like few others would still meet all of them, so its comparisons are bounded, and with
them the work, which grows with the number of rows and not with its square. The bound can only lose pairs that meet in
no other, smaller bucket.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tasks.dedup.bands import Meeting, Order
from tasks.dedup.packed import Source
from tasks.dedup.unionfind import roots_of
from tasks.dedup.verify import Found, distinct_hashes

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

IN_GROUP = 16
"""Members of one group that a row is compared with."""
IN_BUCKET = 256
"""Rows of one bucket that a row is compared with."""
SLICE = 1 << 13
"""Rows of a bucket whose hashes are held at a time, at most."""
SLICE_BYTES = 1 << 26
"""Bytes of their texts, at most, but for one text that is longer."""


def connected(
    source: Source, meeting: Meeting, orders: "Iterator[Order]", parents: "Array", threshold: float, shingle_size: int
) -> Iterator[Found]:
    """Yield pairs that join what is alike in crowded buckets.

    Args:
        source: The texts.
        meeting: Where they meet.
        orders: All bands.
        parents: Groups of the pairs found so far, as `roots` gives them; changed.
        threshold: Jaccard similarity.
        shingle_size: Words in a shingle.
    """
    for order in orders:
        for rows in _members(meeting, order):
            if meeting.sides.size:
                yield from _across(source, meeting, rows, threshold, shingle_size)
            else:
                yield from _joined(source, meeting, rows, parents, threshold, shingle_size)


def _members(meeting: Meeting, order: Order) -> "Iterator[Array]":
    """Yield the rows of each crowded bucket, ascending."""
    import numpy as np

    for first, last in order.crowded.tolist():
        yield (order.sorted[first:last] & np.uint64(meeting.low)).astype(np.int64)


def _joined(
    source: Source, meeting: Meeting, rows: "Array", parents: "Array", threshold: float, shingle_size: int
) -> Iterator[Found]:
    import numpy as np

    from tasks.dedup.kernels import comparing

    done = np.empty(0, np.int64)
    while len(rows):
        # A slice meets the first rows of the groups of the slices before it.
        some = _slice(source, rows, SLICE - len(done))
        now, rows = np.concatenate([done, rows[:some]]), rows[some:]
        if len(np.unique(roots_of(parents, now))) > 1:
            hashes, begins = distinct_hashes(source.take(now.tolist()), shingle_size)
            left, right, values = _results(len(now))
            found = comparing.connect(
                hashes, begins, now, meeting.salts[now], parents, threshold, IN_GROUP, IN_BUCKET, left, right, values
            )
            yield Found(left[:found], right[:found], values[:found])
        _, firsts = np.unique(roots_of(parents, now), return_index=True)
        done = now[np.sort(firsts)[:IN_BUCKET]]


def _across(source: Source, meeting: Meeting, rows: "Array", threshold: float, shingle_size: int) -> Iterator[Found]:
    """Yield the closest pair of each row among the first rows of the other side."""
    import numpy as np

    from tasks.dedup.kernels import comparing

    sides = meeting.sides[rows]
    first = np.concatenate([rows[sides == side][:IN_BUCKET] for side in (0, 1)])
    while len(rows):
        some = _slice(source, rows, SLICE)
        now, rows = np.concatenate([first, np.setdiff1d(rows[:some], first)]), rows[some:]
        hashes, begins = distinct_hashes(source.take(now.tolist()), shingle_size)
        left, right, values = _results(len(now))
        found = comparing.closest_across(
            hashes, begins, now, meeting.sides[now], threshold, IN_BUCKET, left, right, values
        )
        yield Found(left[:found], right[:found], values[:found])


def _slice(source: Source, rows: "Array", most: int) -> int:
    """Return how many of some rows make a slice."""
    import numpy as np

    return max(1, min(most, int(np.searchsorted(np.cumsum(source.sizes[rows]), SLICE_BYTES))))


def _results(rows: int) -> "tuple[Array, Array, Array]":
    import numpy as np

    return np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.float64)

"""Groups of rows from pairs of rows."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def roots(rows: int, left: "Array", right: "Array") -> "Array":
    """Return the group of each row, int64 [rows]: the lowest row that pairs lead to, itself if there are none.

    Union-find with path halving (Tarjan and van Leeuwen 1984), nearly linear in rows and pairs.

    Args:
        rows: How many there are.
        left: A row of each pair, int64 [pairs].
        right: The other row.
    """
    import numpy as np

    from tasks.dedup.kernels import comparing

    parents = np.arange(rows, dtype=np.int64)
    comparing.unite_all(parents, left, right)
    return parents


def roots_of(parents: "Array", some: "Array") -> "Array":
    """Return the roots of some rows, where `parents` changes as groups are joined."""
    import numpy as np

    from tasks.dedup.kernels import comparing

    result = np.empty(len(some), np.int64)
    comparing.roots_of(parents, some, result)
    return result

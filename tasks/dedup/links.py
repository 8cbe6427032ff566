"""Close pairs thinned to what decides groups, so that a cluster of n rows costs memory for n pairs and not for n²."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Pair = tuple[int, int, float]
Hits = tuple["np.ndarray", "np.ndarray", "np.ndarray"]

PAIRS_AT_ONCE = 1_000_000


@dataclass
class Links:
    """Collects pairs of rows, and keeps of them a spanning forest and each row's closest partner.

    Nothing is lost by that for `tasks.dedup.groups.Groups`: the forest joins exactly the rows that all pairs would
    join, and a removed row is told by its closest partner, the first one among equals. At most 2 pairs a row are kept.

    Attributes:
        rows: Number of rows; pairs name positions below it.
        seen: Pairs added so far, the ones not kept included.
    """

    rows: int
    seen: int = 0
    _forest: list[Pair] = field(default_factory=list)
    _waiting: list[Hits] = field(default_factory=list)
    _waits: int = 0

    def __post_init__(self) -> None:
        import numpy as np

        self._component = np.arange(self.rows)
        self._best = np.full(self.rows, -np.inf, dtype=np.float32)
        self._partner = np.full(self.rows, self.rows)

    def add(self, left: "np.ndarray", right: "np.ndarray", cosine: "np.ndarray") -> None:
        """Take pairs in.

        Args:
            left: Positions, shape [pairs], int64.
            right: Positions, shape [pairs], int64, each another than its left one.
            cosine: Shape [pairs], float32.
        """
        import numpy as np

        self.seen += len(left)
        # In a large cluster nearly all pairs neither join anything nor come closer than one met before.
        telling = self._component[left] != self._component[right]
        telling |= cosine >= self._best[left]
        telling |= cosine >= self._best[right]
        if telling.any():
            self._waiting.append((left[telling], right[telling], cosine[telling]))
            self._waits += int(np.count_nonzero(telling))
        # Thinning costs time for all rows, so a few pairs wait for more.
        if self._waits >= PAIRS_AT_ONCE:
            self._thin()

    def pairs(self) -> list[Pair]:
        """Return the pairs kept, as (first, second, cosine), sorted."""
        self._thin()
        kept = {(left, right): cosine for left, right, cosine in self._forest}
        for row, (partner, cosine) in enumerate(zip(self._partner.tolist(), self._best.tolist(), strict=True)):
            if partner < self.rows:
                kept[min(row, partner), max(row, partner)] = cosine
        return [(left, right, cosine) for (left, right), cosine in sorted(kept.items())]

    def _thin(self) -> None:
        import numpy as np

        if self._waiting:
            left, right, cosine = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
            self._waiting.clear()
            self._waits = 0
            self._improve(left, right, cosine)
            self._improve(right, left, cosine)
            self._connect(left, right, cosine)

    def _improve(self, row: "np.ndarray", other: "np.ndarray", cosine: "np.ndarray") -> None:
        import numpy as np

        before = self._best[row]
        np.maximum.at(self._best, row, cosine)
        self._partner[row[self._best[row] > before]] = self.rows
        closest = cosine == self._best[row]
        np.minimum.at(self._partner, row[closest], other[closest])

    def _connect(self, left: "np.ndarray", right: "np.ndarray", cosine: "np.ndarray") -> None:
        """Add the pairs that join components not joined yet, the closest first (Kruskal's rule within one call)."""
        import numpy as np
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

        first, second = self._component[left], self._component[right]
        opening = np.flatnonzero(first != second)
        if not len(opening):
            return
        low = np.minimum(first, second)[opening]
        high = np.maximum(first, second)[opening]
        # One edge between two components, the closest; ties go to the pair named first.
        order = np.lexsort((right[opening], left[opening], -cosine[opening], high, low))
        changes = np.diff(low[order], prepend=-1) | np.diff(high[order], prepend=-1)
        edges = order[changes != 0]
        low, high, chosen = low[edges], high[edges], opening[edges]
        # SciPy reads a weight of 0 as no edge; a cosine is at most 1.
        graph = coo_array((2.0 - cosine[chosen].astype(np.float64), (low, high)), shape=(self.rows, self.rows)).tocsr()
        tree = minimum_spanning_tree(graph).tocoo()
        ends = zip(low.tolist(), high.tolist(), strict=True)
        index_of = dict(zip(ends, chosen.tolist(), strict=True))
        for pair in zip(tree.row.tolist(), tree.col.tolist(), strict=True):
            index = index_of[pair]
            self._forest.append((int(left[index]), int(right[index]), float(cosine[index])))
        _, labels = connected_components(graph, directed=False)
        self._component = labels[self._component].astype(np.int64)

"""Close pairs among many vectors: exact up to a size, an inverted file index of faiss beyond it.

The index sorts vectors into cells by k-means and compares a row only with the `probes` cells nearest to it (Jégou,
Douze and Schmid, "Product quantization for nearest neighbor search", 2011; faiss `IndexIVFFlat`). How many cells are
enough is not guessed: it is doubled until a sample of rows finds what an exact search finds for them, and the recall is
then measured on other rows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tasks.dedup.cosine import ROUNDING, TILE_COLUMNS, cosine_tiles
from tasks.dedup.links import Links, Pair

if TYPE_CHECKING:
    import numpy as np

EXACT_ROWS = 100_000  # about where an index begins to pay on two cores
RECALL = 0.99
SEED = 20_240_601
CELLS_PER_ROOT = 4  # faiss advises 4 to 16 times the root of the number of rows
TRAINED_ON = 40  # vectors a cell, the least that faiss asks for
TRAINING_ROUNDS = 10
SAMPLE_ROWS = 1000
PROBES_AT_FIRST = 4
FIRST_QUERIES = 16
MOST_QUERIES = 1024
PAIRS_AT_ONCE = 4_000_000

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Searched:
    """How pairs were looked for.

    Attributes:
        exact_rows: Rows compared each with each.
        indexed_rows: Rows looked up in an index.
        pairs: Close pairs met; of large clusters not all are kept.
        probes: Cells read for a row, the highest of all groups; 0 without an index.
        recall: Share of the close pairs of sampled rows that the index found, the lowest of all groups; 1 without one.
        recall_pairs: Close pairs the recall was measured on.
    """

    exact_rows: int = 0
    indexed_rows: int = 0
    pairs: int = 0
    probes: int = 0
    recall: float = 1.0
    recall_pairs: int = 0

    def plus(self, other: "Searched") -> "Searched":
        """Return both together: sums, the most probes and the lowest recall."""
        return Searched(
            exact_rows=self.exact_rows + other.exact_rows,
            indexed_rows=self.indexed_rows + other.indexed_rows,
            pairs=self.pairs + other.pairs,
            probes=max(self.probes, other.probes),
            recall=min(self.recall, other.recall),
            recall_pairs=self.recall_pairs + other.recall_pairs,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)


def search(
    vectors: "np.ndarray",
    threshold: float,
    groups: Sequence[Sequence[int]],
    *,
    exact_rows: int = EXACT_ROWS,
    recall: float = RECALL,
    report: Report = lambda _done, _total: None,
) -> tuple[list[Pair], Searched]:
    """Return pairs (i, j, cosine) with i < j that join, inside each group, all rows that reach the threshold.

    Of a cluster not every pair is returned, but enough to join it, and each row's closest partner
    (`tasks.dedup.links.Links`).

    Args:
        vectors: Shape [rows, dimensions], float32, each of length 1 (or 0: close to none).
        threshold: Cosine similarity, above 0.
        groups: Positions to compare with each other, each ascending; no position in two of them.
        exact_rows: Groups up to this size are searched exactly.
        recall: Share of the close pairs that an index must find on the sample it is tuned on, 0 to 1.
        report: Told now and then how many rows are done, of how many; it may raise to stop the search.
    """
    import numpy as np

    total, done = sum(map(len, groups)), 0
    found: list[Pair] = []
    said = Searched()
    for group in groups:
        members = np.asarray(group)
        # A group of all rows in order, the usual large one, is not copied.
        inside = vectors if len(members) == len(vectors) else vectors[members]
        links = Links(len(members))
        told = _Offset(report, done, total)
        if len(members) <= exact_rows:
            for compared, hits in cosine_tiles(inside, threshold):
                links.add(*hits)
                told(compared)
            facts = Searched(exact_rows=len(members), pairs=links.seen)
        else:
            facts = _Index(inside, threshold).search(recall, links, told)
        said = said.plus(facts)
        done += len(members)
        report(done, total)
        found += [(int(members[i]), int(members[j]), cosine) for i, j, cosine in links.pairs()]
    return sorted(found), said


@dataclass(frozen=True)
class _Offset:
    """Reports the rows done inside a group as rows done of all."""

    report: Report
    before: int
    total: int

    def __call__(self, rows: int) -> None:
        self.report(self.before + rows, self.total)


class _Index:
    """Vectors in cells."""

    def __init__(self, vectors: "np.ndarray", threshold: float) -> None:
        import faiss
        import numpy as np

        self.vectors, self.radius = np.ascontiguousarray(vectors), threshold - ROUNDING
        rows, dimensions = vectors.shape
        self.cells = max(1, min(round(CELLS_PER_ROOT * math.sqrt(rows)), rows // TRAINED_ON))
        self.random = np.random.default_rng(SEED)
        # Kept here: the index does not own the object it sorts with.
        self._nearest_cell = faiss.IndexFlatIP(dimensions)
        self._cells = faiss.IndexIVFFlat(self._nearest_cell, dimensions, self.cells, faiss.METRIC_INNER_PRODUCT)
        self._cells.cp.niter = TRAINING_ROUNDS
        self._cells.cp.seed = SEED % 2**31
        trained_on = self.random.permutation(rows)[: TRAINED_ON * self.cells]
        self._cells.train(self.vectors[np.sort(trained_on)])
        self._cells.add(self.vectors)

    def search(self, recall: float, links: Links, report: Callable[[int], None]) -> Searched:
        """Add the close pairs to `links`, and say what share of them that is."""
        rows = len(self.vectors)
        drawn = self.random.permutation(rows)
        tuning, judging = drawn[:SAMPLE_ROWS], drawn[SAMPLE_ROWS : 2 * SAMPLE_ROWS]
        wanted = self._count_exactly(tuning)
        self._cells.nprobe = min(PROBES_AT_FIRST, self.cells)
        while self._cells.nprobe < self.cells and self._count(tuning) < recall * wanted:
            self._cells.nprobe = min(2 * self._cells.nprobe, self.cells)
        there = self._count_exactly(judging)
        share = min(1.0, self._count(judging) / there) if there else 1.0
        self._add_all(links, report)
        return Searched(
            indexed_rows=rows, pairs=links.seen, probes=self._cells.nprobe, recall=round(share, 4), recall_pairs=there
        )

    def _count_exactly(self, rows: "np.ndarray") -> int:
        """Count the rows close to each of some, those rows themselves left out."""
        import numpy as np

        queries = self.vectors[rows]
        near = sum(
            np.count_nonzero(queries @ self.vectors[start : start + TILE_COLUMNS].T >= self.radius)
            for start in range(0, len(self.vectors), TILE_COLUMNS)
        )
        return int(near - self._themselves(queries))

    def _count(self, rows: "np.ndarray") -> int:
        queries = self.vectors[rows]
        # Shared out: a single search would hold the pairs of all rows at once.
        near = sum(
            int(self._cells.range_search(queries[start : start + 16], self.radius)[0][-1])
            for start in range(0, len(queries), 16)
        )
        return near - self._themselves(queries)

    def _themselves(self, queries: "np.ndarray") -> int:
        import numpy as np

        return int(np.count_nonzero((queries * queries).sum(axis=1) >= self.radius))

    def _add_all(self, links: Links, report: Callable[[int], None]) -> None:
        import numpy as np

        start, width = 0, FIRST_QUERIES
        while start < len(self.vectors):
            report(start)
            limits, cosine, right = self._cells.range_search(self.vectors[start : start + width], self.radius)
            counts = np.diff(limits).astype(np.int64)
            left = np.repeat(np.arange(start, start + len(counts)), counts)
            other = left != right
            left, right, cosine = left[other], right[other], np.minimum(cosine[other], np.float32(1))
            links.add(np.minimum(left, right), np.maximum(left, right), cosine)
            start += len(counts)
            # As many rows at a time as give about as many pairs as memory is meant for.
            width = int(min(2 * width, MOST_QUERIES, max(1, width * PAIRS_AT_ONCE // max(1, len(other)))))

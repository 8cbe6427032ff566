"""The nearest row of another split, by equal questions, duplicate groups, word runs and embeddings."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.dedup.near import cross_pairs
from tasks.store.records import Row

if TYPE_CHECKING:
    import numpy as np

SPLIT_PAIRS = (
    ("train", "validation"),
    ("train", "test"),
    ("train", "heldout"),
    ("validation", "test"),
    ("validation", "heldout"),
    ("test", "heldout"),
)
# Near-duplicates are searched for below the limit too, so that the closest pairs can be shown: far below it where that
# is cheap, for the lower the floor the more pairs are compared exactly.
FEW_PAIRS = 2_000_000
FLOOR_FOR_FEW = 0.1
BELOW_FOR_MANY = 0.1
BLOCK_ROWS = 1024

Values = Sequence[Hashable]
Nearest = list[tuple[int, int, float]]
"""(position in the first split, position in the second, similarity), at most one for each row of the second."""


@dataclass(frozen=True)
class Search:
    """The rows of two splits, compared by one method.

    Attributes:
        split_a: The earlier split.
        split_b: The later one, whose rows each have at most one nearest row.
        method: `exact`, `group`, `minhash` or `embedding`.
        compared_a: Rows of the earlier split that were compared.
        compared_b: Rows of the later one.
        limit: Similarity from which two rows are too close.
        floor: Similarity from which pairs are found at all; None where all are.
        nearest: The closest pairs, closest first, as rows for `pairs.jsonl`.
    """

    split_a: str
    split_b: str
    method: str
    compared_a: int
    compared_b: int
    limit: float
    floor: float | None
    nearest: list[Row]

    @property
    def over(self) -> list[Row]:
        """The pairs that are too close."""
        return [pair for pair in self.nearest if pair["similarity"] >= self.limit]

    def figures(self) -> dict[str, Any]:
        """Return the search as JSON, without its pairs; `max_similarity` is None where nothing reached the floor."""
        return {
            "split_a": self.split_a,
            "split_b": self.split_b,
            "method": self.method,
            "compared_a": self.compared_a,
            "compared_b": self.compared_b,
            "floor": self.floor,
            "limit": self.limit,
            "max_similarity": self.nearest[0]["similarity"] if self.nearest else None,
            "over_limit": len(self.over),
        }


def equal_rows(method: str, ids: Mapping[str, list[str]], values: Mapping[str, Sequence[Values]]) -> list[Search]:
    """Find rows of two splits that have a value in common.

    Args:
        method: Names the search.
        ids: Ids of each split's rows.
        values: What is compared of each row; a row without a value is compared with nothing.
    """
    searches = []
    for left, right in SPLIT_PAIRS:
        first: dict[Hashable, int] = {}
        for at, own in enumerate(values[left]):
            for value in own:
                first.setdefault(value, at)
        met = [(at, [first[value] for value in own if value in first]) for at, own in enumerate(values[right])]
        nearest = [(min(partners), at, 1.0) for at, partners in met if partners]
        compared = sum(map(bool, values[left])), sum(map(bool, values[right]))
        searches.append(_search(left, right, method, ids, nearest, compared, 1.0, None))
    return searches


def near_rows(ids: Mapping[str, list[str]], asked: Mapping[str, list[str]], limit: float) -> list[Search]:
    """Find near-duplicates by MinHash, valued by exact Jaccard.

    Args:
        ids: Ids of each split's rows.
        asked: What each row asks.
        limit: Jaccard from which two rows are near-duplicates.
    """
    searches = []
    for left in ("train", "validation", "test"):
        behind = [right for first, right in SPLIT_PAIRS if first == left]
        places = [(right, at) for right in behind for at in range(len(asked[right]))]
        few = len(asked[left]) * len(places) <= FEW_PAIRS
        floor = FLOOR_FOR_FEW if few else limit - BELOW_FOR_MANY
        nearest: dict[int, tuple[int, int, float]] = {}
        for row, place, value in cross_pairs(asked[left], [asked[right][at] for right, at in places], floor):
            if place not in nearest or value > nearest[place][2]:
                nearest[place] = row, places[place][1], float(value)
        for right in behind:
            mine = [pair for place, pair in nearest.items() if places[place][0] == right]
            compared = len(asked[left]), len(asked[right])
            searches.append(_search(left, right, "minhash", ids, mine, compared, limit, floor))
    return searches


def close_rows(ids: Mapping[str, list[str]], vectors: "Mapping[str, np.ndarray]", limit: float) -> list[Search]:
    """Find the nearest embedding of each row.

    Args:
        ids: Ids of each split's embedded rows.
        vectors: Their unit vectors, shape [rows, dimensions]; a row of zeros was not embedded and is not compared.
        limit: Cosine from which two rows are close.
    """
    import numpy as np

    there = {split: np.flatnonzero(part.any(axis=1)).tolist() for split, part in vectors.items()}
    searches = []
    for left, right in SPLIT_PAIRS:
        nearest: Nearest = []
        if there[left]:
            for start in range(0, len(there[right]), BLOCK_ROWS):
                block = there[right][start : start + BLOCK_ROWS]
                nearest += _closest(vectors[left], there[left], vectors[right], block)
        compared = len(there[left]), len(there[right])
        searches.append(_search(left, right, "embedding", ids, nearest, compared, limit, None))
    return searches


def _closest(left: "np.ndarray", rows: list[int], right: "np.ndarray", block: list[int]) -> Nearest:
    """Return the nearest of `rows` for each row of a block, taking the left side in blocks too."""
    import numpy as np

    best = np.full(len(block), -np.inf, dtype=np.float32)
    where = np.zeros(len(block), dtype=np.int64)
    for start in range(0, len(rows), BLOCK_ROWS):
        cosines = right[block] @ left[rows[start : start + BLOCK_ROWS]].T
        here = cosines.argmax(axis=1)
        value = cosines[np.arange(len(block)), here]
        better = value > best
        best[better], where[better] = value[better], here[better] + start
    # Rounding leaves equal vectors a little beside 1.
    values = np.clip(best.astype(np.float64), -1.0, 1.0).round(6).tolist()
    return [(rows[at], row, value) for at, row, value in zip(where.tolist(), block, values, strict=True)]


def _search(
    left: str,
    right: str,
    method: str,
    ids: Mapping[str, list[str]],
    nearest: Nearest,
    compared: tuple[int, int],
    limit: float,
    floor: float | None,
) -> Search:
    pairs = [
        {
            "split_a": left,
            "id_a": ids[left][first],
            "split_b": right,
            "id_b": ids[right][second],
            "method": method,
            "similarity": similarity,
        }
        for first, second, similarity in sorted(nearest, key=lambda pair: (-pair[2], pair[1]))
    ]
    return Search(left, right, method, *compared, limit, floor, pairs)

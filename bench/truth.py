"""The true near duplicates of a corpus: every pair of records compared, none proposed by a hash.

Shingles are cut by `tasks.dedup.shingles`, the reference definition, numbered, and put into a sparse matrix of records
by shingles. The product of a block of rows with the transposed matrix counts the common shingles of every pair of
records, so the Jaccard similarity of all five billion pairs of 100,000 records is exact. Shingles of a single record
cannot be common and are left out.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tasks.dedup.shingles import shingles
from tasks.dedup.texts import normalise

BLOCK_ROWS = 250

Pairs = dict[tuple[int, int], float]


def true_pairs(texts: list[str], floor: float, size: int = 3) -> Pairs:
    """Return the similarity of each pair (i, j), i < j, of at least `floor`."""
    sets = [np.fromiter(map(hash, shingles(normalise(text), size)), np.int64) for text in texts]
    sizes = np.array([len(each) for each in sets])
    # Python's own 64-bit string hash: nothing of what is measured takes part in the truth.
    _, columns, repeated = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    rows = np.repeat(np.arange(len(sets)), sizes)
    shared = repeated[columns] > 1
    ones = np.ones(int(shared.sum()), np.int32)
    matrix = sparse.csr_array((ones, (rows[shared], columns[shared])), shape=(len(sets), len(repeated)))
    found: Pairs = {}
    turned = matrix.T.tocsr()
    for start in range(0, len(texts), BLOCK_ROWS):
        common = (matrix[start : start + BLOCK_ROWS] @ turned).tocoo()
        left, right, count = common.row + start, common.col, common.data
        likely = (left < right) & (count >= floor / (1 + floor) * (sizes[left] + sizes[right]) - 1)
        left, right, count = left[likely], right[likely], count[likely]
        value = count / (sizes[left] + sizes[right] - count)
        close = value >= floor
        found |= zip(zip(left[close].tolist(), right[close].tolist(), strict=True), value[close].tolist(), strict=True)
    return found


def cached(path: Path, texts: list[str], floor: float) -> Pairs:
    """Return `true_pairs`, kept in a file."""
    if not path.is_file():
        pairs = [[left, right, value] for (left, right), value in true_pairs(texts, floor).items()]
        path.write_text(json.dumps(pairs), encoding="utf-8")
    lines: list[list[Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {(left, right): value for left, right, value in lines}

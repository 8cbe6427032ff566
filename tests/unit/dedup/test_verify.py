import numpy as np

from tasks.dedup import verify
from tasks.dedup.packed import Texts
from tasks.dedup.verify import Found, verified

TEXTS = [
    "one two three four five six",
    "one two three four five seven",
    "x y z a b",
    "",
    "One  two three four five six",
]


def test_only_pairs_at_the_threshold_stay_with_their_exact_value():
    left, right = np.array([0, 0, 0, 3, 0]), np.array([1, 2, 3, 3, 4])
    found = verified(Texts(TEXTS), left, right, 0.6, 3)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == [(0, 1, 0.6), (0, 4, 1.0)]
    assert verified(Texts(TEXTS), left, right, 0.61, 3).right.tolist() == [4]


def test_chunks_make_no_difference(monkeypatch):
    left, right = np.triu_indices(len(TEXTS), 1)
    whole = verified(Texts(TEXTS), left, right, 0.0, 2)
    monkeypatch.setattr(verify, "CHUNK_BYTES", 100)
    cut = verified(Texts(TEXTS), left, right, 0.0, 2)
    assert [column.tolist() for column in whole] == [column.tolist() for column in cut]


def test_joined_pairs_are_sorted_and_single():
    one = Found(np.array([3, 1]), np.array([4, 2]), np.array([0.9, 0.8]))
    joined = Found.joined([one, Found(np.array([1]), np.array([2]), np.array([0.8]))])
    assert [column.tolist() for column in joined] == [[1, 3], [2, 4], [0.8, 0.9]]
    assert [len(column) for column in Found.joined([])] == [0, 0, 0]

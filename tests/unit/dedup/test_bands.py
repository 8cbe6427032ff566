from itertools import combinations

import numpy as np
import pytest

from tasks.dedup.bands import Crowds, Meeting, banding, crowded_in, cuts, in_order, order_of, pairs_in

NONE = np.empty(0, np.uint8)


def meeting(keys: np.ndarray, limit: int = 64, sides: np.ndarray = NONE, salts: np.ndarray | None = None) -> Meeting:
    """Keys as small numbers, put where the row's bits do not reach."""
    shifted = np.asarray(keys, np.uint64) << np.uint64(32)
    rows = shifted.shape[1]
    return Meeting(shifted, np.zeros(rows, np.uint64) if salts is None else salts, sides, limit)


def proposed(found: Meeting, part_rows: int = 10**9) -> list[tuple[int, int]]:
    orders = [order_of(found, band) for band in range(len(found.keys))]
    crowds = Crowds.of(found, orders)
    pairs = []
    for band, order in enumerate(orders):
        for first, last in cuts(order.sorted, found.low, part_rows):
            left, right = pairs_in(found, crowds, band, order.sorted[first:last])
            pairs += zip(left.tolist(), right.tolist(), strict=True)
    return pairs


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("num_perm", [32, 128, 256])
def test_bands_miss_at_most_one_pair_in_a_hundred_at_the_threshold(threshold, num_perm):
    bands, rows = banding(threshold, num_perm)
    assert bands >= 2
    assert bands * rows <= num_perm
    assert (1 - threshold**rows) ** bands <= 0.01


def test_more_permutations_give_longer_bands():
    assert banding(0.8, 256)[1] > banding(0.8, 32)[1]


@pytest.mark.parametrize("part_rows", [3, 50, 10**9])
def test_each_pair_that_shares_a_bucket_is_proposed_once(part_rows):
    keys = np.random.default_rng(1).integers(0, 60, (5, 200))
    pairs = proposed(meeting(keys), part_rows)
    wanted = {
        (i, j)
        for i, j in combinations(range(200), 2)
        if any(a == b != 0 for a, b in zip(keys[:, i], keys[:, j], strict=True))
    }
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == wanted


def test_rows_without_a_key_meet_none():
    assert proposed(meeting(np.zeros((3, 5)))) == []


def test_crowded_buckets_are_left_out_but_their_pairs_meet_elsewhere():
    # Rows 0 to 9 crowd the first band; 0 and 1 also meet in the second.
    keys = np.array([[7] * 10 + [1, 1], [5, 5, *range(10, 18), 2, 3]])
    found = meeting(keys, limit=4)
    assert sorted(proposed(found)) == [(0, 1), (10, 11)]
    crowded, pairs = crowded_in(order_of(found, 0).sorted, found)
    assert crowded.tolist() == [[2, 12]]
    assert len(order_of(found, 1).sorted) == 2, "rows that are alone are dropped"
    assert pairs == 1


def test_the_limit_itself_is_not_crowded():
    assert len(proposed(meeting(np.ones((1, 4)), limit=4))) == 6
    assert proposed(meeting(np.ones((1, 5)), limit=4)) == []


def test_sides_and_salts_keep_pairs_apart():
    keys = np.ones((1, 4))
    assert proposed(meeting(keys, sides=np.array([0, 0, 1, 1], np.uint8))) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert proposed(meeting(keys, salts=np.array([5, 6, 5, 6], np.uint64))) == [(0, 2), (1, 3)]


def test_candidates_that_hang_together_are_side_by_side():
    parts = [(np.array([4, 1, 2]), np.array([5, 9, 3])), (np.array([1, 9]), np.array([2, 11]))]
    pieces = in_order(parts, 12, 4)
    assert [(left.tolist(), right.tolist()) for left, right in pieces] == [([1, 1, 2, 9], [2, 9, 3, 11]), ([4], [5])]
    assert in_order([], 2, 2) == []

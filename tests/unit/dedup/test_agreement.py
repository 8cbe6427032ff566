import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dedup.agreement import agreement, matched_threshold, sample_pairs, sample_rows
from tasks.dedup.vectors import text_key


def float32(*values):
    return np.array(values, dtype=np.float32)


def test_known_figures():
    full, static = float32(0.9, 0.9, 0.5, 0.2), float32(0.99, 0.7, 0.98, 0.3)
    found = agreement(4, full, static, 0.85, 0.95)
    assert (found.full, found.static, found.both) == (2, 2, 1)
    assert (found.jaccard, found.recall_of_static, found.recall_of_full) == (0.3333, 0.5, 0.5)
    assert found.as_json()["static_threshold"] == 0.95


def test_no_close_pairs_is_full_agreement():
    found = agreement(2, float32(0.1), float32(0.2), 0.85, 0.95)
    assert (found.pairs, found.jaccard, found.recall_of_static, found.recall_of_full) == (1, 1.0, 1.0, 1.0)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=60))
@settings(deadline=None)
def test_as_many_pairs_are_close_at_the_matched_threshold_or_fewer_where_cosines_are_equal(drawn):
    full, static = np.array(drawn, dtype=np.float32).T / 100
    wanted = int((full >= 0.5 - 1e-6).sum())
    matched = matched_threshold(full, static, 0.5)
    close = int((static >= matched - 1e-6).sum())
    falling = np.sort(static)[::-1]
    tied = 0 < wanted < len(static) and falling[wanted - 1] == falling[wanted]
    assert close < wanted if tied else close == wanted


def test_a_scale_that_lies_higher_is_carried_over():
    full = np.linspace(0, 1, 1001, dtype=np.float32)
    matched = matched_threshold(full, 0.7 + 0.3 * full, 0.85)
    assert matched == pytest.approx(0.7 + 0.3 * 0.85, abs=1e-3)
    assert matched_threshold(full, 0.7 + 0.3 * full, 0.5) < matched


def test_where_no_pair_is_close_nothing_seen_would_be_removed():
    static = float32(0.97, 0.8)
    assert static.max() < matched_threshold(float32(0.3, 0.2), static, 0.85) <= 1
    assert matched_threshold(float32(), float32(), 0.85) == 0.85


@pytest.fixture
def rows():
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(200, 16))
    vectors[100:] = vectors[:100] + 0.1 * rng.normal(size=(100, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors, [text_key(f"text {row}") for row in range(200)]


def test_a_sample_holds_the_closest_row_to_each_drawn_one(rows):
    vectors, keys = rows
    sample = sample_rows(vectors, keys, [range(200)], 20)
    assert 10 < len(sample) <= 20
    drawn = sorted(range(200), key=lambda row: keys[row])[:10]
    assert {(row + 100) % 200 for row in drawn} | set(drawn) == set(sample)


def test_a_sample_stays_inside_groups_and_small_ones_are_taken_whole(rows):
    vectors, keys = rows
    groups = [range(0, 100), range(100, 103)]
    assert not set(sample_rows(vectors, keys, groups, 40)) - set(range(103))
    assert sample_rows(vectors, keys, [[3, 4]], 40) == [3, 4]
    assert sample_rows(vectors, keys, [], 40) == []


def test_a_sample_does_not_hang_on_the_order_of_rows_and_hardly_on_new_ones(rows):
    vectors, keys = rows
    order = np.random.default_rng(1).permutation(200)
    first = {keys[row] for row in sample_rows(vectors, keys, [range(200)], 40)}
    moved = [keys[row] for row in order]
    assert {moved[row] for row in sample_rows(vectors[order], moved, [range(200)], 40)} == first
    fewer = {keys[row] for row in sample_rows(vectors[:190], keys[:190], [range(190)], 40)}
    assert len(first & fewer) > 25


def test_pairs_of_a_sample_are_those_that_the_search_compares():
    pairs = sample_pairs([2, 5, 7, 9], [[2, 7, 8], [5, 9], [4]])
    assert pairs.tolist() == [[0, 2], [1, 3]]
    assert sample_pairs([], []).shape == (0, 2)

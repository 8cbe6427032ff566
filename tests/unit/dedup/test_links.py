from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dedup import links
from tasks.dedup.groups import Groups
from tasks.dedup.links import Links

ROWS = 14
pair = st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1), st.sampled_from([0.8, 0.85, 0.9, 1.0]))


def arrays(pairs):
    left, right, cosine = zip(*pairs, strict=True) if pairs else ((), (), ())
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64), np.array(cosine, dtype=np.float32)


def outcome(pairs):
    groups = Groups(ROWS)
    groups.join("embedding", pairs)
    return groups.kept(), groups.removed, groups.lines([str(row) for row in range(ROWS)])


@settings(deadline=None)
@given(st.lists(pair, max_size=60), st.integers(1, 20))
def test_thinned_pairs_give_the_groups_that_all_pairs_give(drawn, at_once):
    similar = {(min(i, j), max(i, j)): value for i, j, value in drawn if i != j}
    pairs = [(i, j, value) for (i, j), value in similar.items()]
    kept = Links(ROWS)
    with mock.patch.object(links, "PAIRS_AT_ONCE", at_once):
        for start in range(0, len(pairs), at_once):
            kept.add(*arrays(pairs[start : start + at_once]))
    assert outcome(kept.pairs()) == outcome(pairs)
    assert kept.seen == len(pairs)
    assert len(kept.pairs()) <= 2 * ROWS


def test_a_late_and_distant_pair_still_joins_two_clusters(monkeypatch):
    monkeypatch.setattr(links, "PAIRS_AT_ONCE", 1)
    kept = Links(4)
    for one in [(0, 1, 0.95), (2, 3, 0.95), (1, 2, 0.85)]:
        kept.add(*arrays([one]))
    assert [pair[:2] for pair in kept.pairs()] == [(0, 1), (1, 2), (2, 3)]


def test_a_large_cluster_keeps_few_pairs():
    rows = 600
    left, right = np.triu_indices(rows, 1)
    cosine = np.random.default_rng(2).uniform(0.9, 1, len(left)).astype(np.float32)
    kept = Links(rows)
    kept.add(left, right, cosine)
    assert kept.seen == rows * (rows - 1) // 2
    assert rows - 1 <= len(kept.pairs()) < 2 * rows


def test_no_pairs():
    assert Links(3).pairs() == []
    assert Links(0).pairs() == []


def test_the_first_partner_wins_among_equals():
    kept = Links(4)
    kept.add(*arrays([(2, 3, 0.9), (1, 3, 0.9), (0, 3, 0.8)]))
    assert outcome(kept.pairs())[1][3].like == 1
    assert outcome(kept.pairs())[1][3].similarity == pytest.approx(0.9)

import numpy as np
import pytest

from tasks.dedup.groups import Groups
from tasks.dedup.search import Searched, search

THRESHOLD = 0.85


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors():
    """3,000 rows around 60 centres, so that cells matter; 600 of them repeat another one, slightly changed."""
    rng = np.random.default_rng(11)
    rows = rng.normal(size=(60, 48))[rng.integers(0, 60, 3000)] + 1.2 * rng.normal(size=(3000, 48))
    chosen = rng.permutation(3000)
    rows[chosen[:600]] = rows[chosen[600:1200]] + 0.9 * rng.normal(size=(600, 48))
    return unit(rows)


def joined(pairs, rows):
    groups = Groups(rows)
    groups.join("embedding", pairs)
    return groups.kept(), groups.removed


def all_pairs(vectors, groups):
    full = vectors @ vectors.T
    return [
        (i, j, float(full[i, j]))
        for g in groups
        for n, i in enumerate(g)
        for j in g[n + 1 :]
        if full[i, j] >= THRESHOLD
    ]


@pytest.mark.parametrize("groups", [[range(3000)], [range(0, 3000, 2), range(1, 3000, 2)], [[5, 9], [0, 1, 2]], []])
def test_an_exact_search_groups_as_a_full_comparison_does(vectors, groups):
    found, said = search(vectors, THRESHOLD, groups)
    every = all_pairs(vectors, [list(group) for group in groups])
    assert joined(found, 3000)[0] == joined(every, 3000)[0]
    assert {row: why.like for row, why in joined(found, 3000)[1].items()} == {
        row: why.like for row, why in joined(every, 3000)[1].items()
    }
    assert said == Searched(exact_rows=sum(map(len, groups)), pairs=len(every))
    assert found == sorted(found)


def test_rows_of_different_groups_are_not_compared(vectors):
    found, _ = search(vectors, THRESHOLD, [range(0, 3000, 2), range(1, 3000, 2)])
    assert found
    assert all((j - i) % 2 == 0 for i, j, _ in found)


def test_an_index_finds_nearly_all_and_says_how_many(vectors):
    exact, _ = search(vectors, THRESHOLD, [range(3000)])
    found, said = search(vectors, THRESHOLD, [range(3000)], exact_rows=2999)
    assert (said.indexed_rows, said.exact_rows) == (3000, 0)
    assert said.probes >= 4
    assert said.recall_pairs > 100
    assert said.recall > 0.95
    assert len(joined(found, 3000)[1]) >= 0.97 * len(joined(exact, 3000)[1])
    assert {row: why for row, why in joined(found, 3000)[1].items()}.keys() <= joined(exact, 3000)[1].keys()


def test_a_higher_recall_reads_more_cells(vectors, monkeypatch):
    monkeypatch.setattr("tasks.dedup.search.PROBES_AT_FIRST", 1)
    _, low = search(vectors, 0.6, [range(3000)], exact_rows=10, recall=0.3)
    _, high = search(vectors, 0.6, [range(3000)], exact_rows=10, recall=1.0)
    assert low.probes < high.probes
    assert low.recall <= high.recall


def test_the_index_gives_the_same_twice(vectors):
    assert search(vectors, THRESHOLD, [range(3000)], exact_rows=10) == search(
        vectors, THRESHOLD, [range(3000)], exact_rows=10
    )


def test_a_group_up_to_the_limit_is_searched_exactly_and_a_larger_one_by_index(vectors):
    _, said = search(vectors, THRESHOLD, [range(500), range(500, 3000)], exact_rows=500)
    assert (said.exact_rows, said.indexed_rows) == (500, 2500)


def test_an_index_of_few_rows_works(vectors):
    found, said = search(vectors[:50], 0.3, [range(50)], exact_rows=1)
    exact, _ = search(vectors[:50], 0.3, [range(50)])
    assert joined(found, 50)[0] == joined(exact, 50)[0]
    assert said.recall == 1


@pytest.mark.parametrize("exact_rows", [10_000, 10])
def test_a_cluster_of_near_equal_rows_is_one_group_of_few_pairs(exact_rows):
    rng = np.random.default_rng(4)
    rows = unit(rng.normal(size=(1, 32)) + 0.05 * rng.normal(size=(1200, 32)))
    found, said = search(rows, THRESHOLD, [range(1200)], exact_rows=exact_rows)
    assert joined(found, 1200)[0] == [0]
    assert len(found) < 2 * 1200
    assert said.pairs >= 1200 * 1199 // 2


def test_progress_is_told_and_can_stop_the_search(vectors):
    told = []
    search(vectors, THRESHOLD, [range(1500), range(1500, 3000)], report=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (3000, 3000)

    def stop(_done, _total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(vectors, THRESHOLD, [range(3000)], exact_rows=10, report=stop)

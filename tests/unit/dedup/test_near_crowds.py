"""Buckets with thousands of rows: time and pairs that grow with the rows, groups as from all pairs."""

import random
import time

import numpy as np
import pytest

from tasks.dedup import crowds, near
from tasks.dedup.near import cross_pairs, near_pairs
from tasks.dedup.shingles import jaccard, shingles
from tasks.dedup.unionfind import roots

TEMPLATE = [f"template{number}" for number in range(60)]


def groups(rows: int, pairs: list[tuple[int, int, float]]) -> list[int]:
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    return roots(rows, left, right).tolist()


def all_pairs(texts: list[str], threshold: float) -> list[tuple[int, int, float]]:
    sets = [shingles(text, 3) for text in texts]
    valued = ((i, j, jaccard(sets[i], sets[j])) for i in range(len(texts)) for j in range(i + 1, len(texts)))
    return [pair for pair in valued if pair[2] >= threshold]


def mails(families: int, each: int, own: int, seed: int) -> list[str]:
    """Mails from one template; those of a family share `own` more words and differ in one or two."""
    rng = random.Random(seed)
    texts = []
    for family in range(families):
        words = [*TEMPLATE, *(f"family{family}word{number}" for number in range(own))]
        for _ in range(each):
            copy = list(words)
            copy[rng.randrange(len(copy))] = f"word{rng.random()}"
            texts.append(" ".join(copy))
    rng.shuffle(texts)
    return texts


def test_twenty_thousand_near_copies_take_neither_quadratic_time_nor_pairs():
    texts = [f"{' '.join(TEMPLATE)} mail {number} of many" for number in range(20_000)]
    near_pairs(texts[:200])
    started = time.process_time()
    pairs = near_pairs(texts, 0.8)
    assert time.process_time() - started < 10
    assert len(pairs) < 2 * len(texts)
    assert set(groups(len(texts), pairs)) == {0}
    assert all(value >= 0.8 for _, _, value in pairs)


def test_rows_that_are_only_alike_in_their_template_cost_a_bounded_number_of_comparisons():
    rng = random.Random(4)
    texts = [" ".join([*TEMPLATE, *(f"w{rng.random()}" for _ in range(25))]) for _ in range(3000)]
    near_pairs(texts[:200])
    started = time.process_time()
    assert near_pairs(texts, 0.8) == []
    assert time.process_time() - started < 20


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("threshold", [0.7, 0.8])
def test_groups_in_crowded_buckets_are_those_of_all_pairs(monkeypatch, seed, threshold):
    monkeypatch.setattr(near, "CROWDED", 8)
    texts = mails(families=12, each=25, own=25, seed=seed)
    truth = groups(len(texts), all_pairs(texts, threshold))
    assert 12 <= len(set(truth)) < 200
    pairs = near_pairs(texts, threshold)
    assert groups(len(texts), pairs) == truth


def test_slices_of_a_bucket_meet(monkeypatch):
    texts = mails(families=12, each=25, own=25, seed=2)
    monkeypatch.setattr(near, "CROWDED", 8)
    whole = groups(len(texts), near_pairs(texts, 0.8))
    monkeypatch.setattr(crowds, "SLICE", 60)
    monkeypatch.setattr(crowds, "IN_BUCKET", 40)
    assert groups(len(texts), near_pairs(texts, 0.8)) == whole


def test_the_bound_on_comparisons_is_kept(monkeypatch):
    texts = mails(families=12, each=25, own=25, seed=2)
    monkeypatch.setattr(near, "CROWDED", 1)
    assert len(set(groups(len(texts), near_pairs(texts, 0.8)))) < 250
    monkeypatch.setattr(crowds, "IN_BUCKET", 0)
    assert near_pairs(texts, 0.8) == []


def test_labels_hold_in_crowded_buckets(monkeypatch):
    monkeypatch.setattr(near, "CROWDED", 8)
    texts = [f"{' '.join(TEMPLATE)} mail {number}" for number in range(100)]
    labels = [number % 2 for number in range(100)]
    pairs = near_pairs(texts, labels=labels)
    assert len(set(groups(100, pairs))) == 2
    assert all(labels[left] == labels[right] for left, right, _ in pairs)


def test_each_row_of_a_crowd_keeps_its_closest_pair_across(monkeypatch):
    monkeypatch.setattr(near, "CROWDED_ACROSS", 8)
    left = [f"{' '.join(TEMPLATE)} mail {number}" for number in range(40)]
    right = [f"{' '.join(TEMPLATE)} mail {number}" for number in range(30, 90)]
    pairs = cross_pairs(left, right)
    assert {i for i, _, _ in pairs} == set(range(40))
    assert {j for _, j, _ in pairs} == set(range(60))
    for number in range(30, 40):
        assert (number, number - 30, 1.0) in pairs

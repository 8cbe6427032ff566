import random

import pytest

from tasks.dedup.near import banding, cross_pairs, near_pairs, partners
from tasks.dedup.shingles import jaccard, shingles

WORDS = [f"w{number}" for number in range(5000)]


def edited(words: list[str], edits: int, rng: random.Random) -> list[str]:
    copy = list(words)
    for spot in rng.sample(range(len(copy)), edits):
        copy[spot] = rng.choice(WORDS)
    return copy


@pytest.fixture(scope="module")
def synthetic() -> list[str]:
    """Texts of 90 words, each followed by a copy with 0 to 9 words changed."""
    rng = random.Random(7)
    texts = []
    for number in range(300):
        words = rng.choices(WORDS, k=90)
        texts += [" ".join(words), " ".join(edited(words, number % 10, rng))]
    return texts


def true_pairs(texts: list[str], threshold: float) -> set[tuple[int, int]]:
    sets = [shingles(text, 3) for text in texts]
    # Only neighbours can be alike here: the words of different originals are drawn apart.
    return {(i, i + 1) for i in range(0, len(texts), 2) if jaccard(sets[i], sets[i + 1]) >= threshold}


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_recall_and_precision_on_synthetic_pairs(synthetic, threshold):
    found = {(i, j) for i, j, _ in near_pairs(synthetic, threshold)}
    truth = true_pairs(synthetic, threshold)
    assert len(truth) > 20
    assert len(found & truth) >= 0.99 * len(truth)
    assert found <= truth


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("num_perm", [32, 128, 256])
def test_bands_miss_at_most_one_pair_in_a_hundred_at_the_threshold(threshold, num_perm):
    bands, rows = banding(threshold, num_perm)
    assert bands >= 2
    assert bands * rows <= num_perm
    assert (1 - threshold**rows) ** bands <= 0.01


def test_the_similarity_is_exact_and_pairs_are_sorted():
    texts = ["x y z", "one two three four five six", "a b", "one two three four five seven"]
    ((left, right, value),) = near_pairs(texts, 0.5)
    assert (left, right) == (1, 3)
    assert value == 3 / 5


def test_only_equal_labels_are_compared():
    texts = ["one two three four five"] * 4
    assert {(i, j) for i, j, _ in near_pairs(texts, labels=["a", "b", "a", "c"])} == {(0, 2)}
    assert len(near_pairs(texts)) == 6


def test_shingle_size_changes_what_is_near():
    texts = ["a b c d e f g h i j", "a b c d e x g h i j"]
    assert near_pairs(texts, 0.7, shingle_size=1) != []
    assert near_pairs(texts, 0.7, shingle_size=3) == []


def test_more_permutations_give_longer_bands():
    assert banding(0.8, 256)[1] > banding(0.8, 32)[1]


def test_pairs_between_two_lists():
    left, right = ["one two three four five", "x y z a b"], ["q r s t u", "One  two three four five", "x y z a b"]
    assert cross_pairs(left, right, 0.9) == [(0, 1, 1.0), (1, 2, 1.0)]


def test_empty_lists_and_empty_texts_have_no_pairs():
    assert near_pairs([]) == near_pairs(["", ""]) == cross_pairs([], ["a b c"]) == []


def test_partners_leaves_single_rows_out():
    assert partners(["a", "b", "a", "c", "b"]) == [[0, 2], [1, 4]]

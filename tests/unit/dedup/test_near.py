import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dedup import threads
from tasks.dedup.near import cross_pairs, near_pairs, partners
from tasks.dedup.shingles import jaccard, shingles
from tasks.dedup.texts import normalise

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


def test_pairs_between_two_lists():
    left, right = ["one two three four five", "x y z a b"], ["q r s t u", "One  two three four five", "x y z a b"]
    assert cross_pairs(left, right, 0.9) == [(0, 1, 1.0), (1, 2, 1.0)]


def test_empty_lists_and_empty_texts_have_no_pairs():
    assert near_pairs([]) == near_pairs(["", ""]) == cross_pairs([], ["a b c"]) == []


def test_partners_leaves_single_rows_out():
    assert partners(["a", "b", "a", "c", "b"]) == [[0, 2], [1, 4]]


JAPANESE = "本日の東京発横浜着の船便は荒天のため二日遅れる見込みですので、お客様にご連絡をお願いいたします。"
THAI = "เรือจากกรุงเทพไปสิงคโปร์จะล่าช้าสองวันเนื่องจากสภาพอากาศกรุณาแจ้งลูกค้าโดยเร็วที่สุด"
CODE = (
    "def total(rows):\n    found = 0\n    for row in rows:\n        found += row.weight * row.count\n    return found\n"
)


@pytest.mark.parametrize(
    ("one", "other", "threshold"),
    [
        (JAPANESE, JAPANESE.replace("二日", "三日"), 0.8),
        (JAPANESE, JAPANESE.replace("、", "，"), 0.8),
        (THAI, THAI.replace("สองวัน", "สามวัน"), 0.8),
        (CODE, CODE.replace("    ", "\t").replace("\n", "\r\n"), 1.0),
        (CODE, CODE.replace("weight", "mass"), 0.6),
        ("thanks again", "Thanks again!", 0.8),
        ("ok", "OK", 1.0),
        ("word " * 50_000 + "a b c", "word " * 40_000 + "a b c", 1.0),
        ("x" * 200_000 + "y", "x" * 100_000 + "y", 1.0),
        ("Straße ﬁn", "STRASSE fin", 1.0),
        ("d\u00e9j\u00e0 vu encore une fois", "de\u0301ja\u0300 vu encore une fois", 1.0),
    ],
)
def test_texts_of_any_kind_are_near_when_they_look_so(one, other, threshold):
    others = ["全く別の話題について書かれた文章です", "หนังสือเล่มนี้ดีมาก", "import os\nprint(os.name)", "no", "zzzzz"]
    ((left, right, value),) = near_pairs([*others, one, other], threshold)
    assert (left, right) == (5, 6)
    assert value >= threshold


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from("abcdeé東 "), max_size=9).map(" ".join), max_size=12), st.integers(1, 3))
def test_no_pair_is_wrong_and_equal_texts_are_never_missed(texts, size):
    sets = [shingles(normalise(text), size) for text in texts]
    found = {(i, j): value for i, j, value in near_pairs(texts, 0.7, shingle_size=size)}
    for (i, j), value in found.items():
        assert i < j
        assert value == jaccard(sets[i], sets[j]) >= 0.7
    equal = {(i, j) for j in range(len(texts)) for i in range(j) if sets[i] == sets[j] and sets[i]}
    assert equal <= found.keys()


def test_a_run_after_a_run_and_threads_give_the_same(synthetic, monkeypatch):
    first = near_pairs(synthetic, 0.7)
    monkeypatch.setattr(threads, "cores", lambda: 1)
    assert near_pairs(synthetic, 0.7) == first == sorted(first)
    monkeypatch.setattr(threads, "cores", lambda: 7)
    assert near_pairs(synthetic, 0.7) == first

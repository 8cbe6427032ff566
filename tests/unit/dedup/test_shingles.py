import pytest

from tasks.dedup.shingles import jaccard, shingles


def test_word_runs():
    assert shingles("a b c d", 3) == {"a b c", "b c d"}
    assert shingles("a b c d", 2) == {"a b", "b c", "c d"}


@pytest.mark.parametrize("text", ["東京から横浜まで船で運ぶ", "ส่งสินค้าไปกรุงเทพ"])
def test_scripts_without_spaces_are_cut_into_characters(text):
    assert len(shingles(text, 3)) > len(text) // 2
    assert 0.4 < jaccard(shingles(text, 3), shingles(text[:-1] + "x", 3)) < 1


def test_a_short_text_is_compared_by_characters():
    assert 0.5 < jaccard(shingles("thanks again", 3), shingles("thanks again!", 3)) < 1
    assert shingles("ok", 3) == {"ok"}


def test_nothing_is_not_like_nothing():
    assert shingles("", 3) == frozenset()
    assert jaccard(shingles("", 3), shingles("", 3)) == 0.0


def test_jaccard():
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5

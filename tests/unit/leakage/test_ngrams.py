"""Runs of items in rows, checked against comparing every run with every run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.leakage import ngrams
from tasks.leakage.ngrams import ItemRuns, Overlap

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def brute_force(items: list[list[str]], rows: list[list[str]], longest: int, shortest: int) -> list[list[Overlap]]:
    """Compare every run of each item with every run of each row, on the words themselves."""
    result = []
    for at, row in enumerate(rows):
        found = []
        for number, item in enumerate(items):
            size = min(longest, len(item))
            if len(item) < shortest:
                continue
            runs = {tuple(row[start : start + size]) for start in range(len(row) - size + 1)}
            covered: set[int] = set()
            for start in range(len(item) - size + 1):
                if tuple(item[start : start + size]) in runs:
                    covered |= set(range(start, start + size))
            if covered:
                found.append(Overlap(number, at, len(covered) / len(item)))
        result.append(found)
    return [found for found in result if found]


def test_known_shares() -> None:
    items = [list("abcdefghij"), list("xyz"), list("xy"), list("mnopq")]
    runs = ItemRuns(items, 4, 3)
    assert runs.size.tolist() == [4, 3, 0, 4]
    rows = [list("..abcdef.."), list("xyz"), list("abc.efgh.xy.z"), list("abcdx efghij"), list("mnop.nopq")]
    assert list(runs.overlaps(rows)) == [
        [Overlap(0, 0, 0.6)],
        [Overlap(1, 1, 1.0)],
        [Overlap(0, 2, 0.4)],
        [Overlap(0, 3, 1.0)],
        [Overlap(3, 4, 1.0)],
    ]


def test_no_run_crosses_from_one_text_into_the_next() -> None:
    runs = ItemRuns([list("abcd"), list("efgh")], 4, 4)
    assert list(runs.overlaps([list("ab"), list("cd"), list("efg"), list("h")])) == []
    assert list(ItemRuns([list("ab"), list("cd")], 2, 2).overlaps([list("bc")])) == []


def test_nothing_to_look_for_and_nothing_to_look_in() -> None:
    assert list(ItemRuns([], 13, 8).overlaps([list("abc")])) == []
    assert list(ItemRuns([list("abc")], 13, 8).overlaps([list("abc")])) == []
    assert list(ItemRuns([list(LETTERS)], 13, 8).overlaps([])) == []
    assert list(ItemRuns([list(LETTERS)], 13, 8).overlaps([[], list("abc")])) == []


texts = st.lists(st.text("ab", min_size=0, max_size=14).map(list), max_size=6)


@settings(deadline=None)
@given(texts, texts, st.integers(1, 9), st.integers(0, 8), st.integers(1, 30))
def test_the_same_as_comparing_all_words(
    items: list[list[str]], rows: list[list[str]], shortest: int, more: int, batch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "BATCH_WORDS", batch)
        found = list(ItemRuns(items, shortest + more, shortest).overlaps(rows))
    expected = brute_force(items, rows, shortest + more, shortest)
    assert [[(o.item, o.row) for o in row] for row in found] == [[(o.item, o.row) for o in row] for row in expected]
    assert [o.share for row in found for o in row] == pytest.approx([o.share for row in expected for o in row])


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(LETTERS[:13]), max_size=30), max_size=5), st.data())
def test_disjoint_words_never_overlap(items: list[list[str]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(st.sampled_from(LETTERS[13:]), max_size=30), max_size=5))
    assert list(ItemRuns(items, 3, 1).overlaps(rows)) == []


def test_words_with_one_hash_are_different_words() -> None:
    class Same(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 7

    item = [Same(letter) for letter in "abcdefgh"]
    other = [Same(letter) for letter in "ijklmnop"]
    runs = ItemRuns([item], 8, 8)
    assert list(runs.overlaps([other, item[:7] + other[:1]])) == []
    assert list(runs.overlaps([other, item])) == [[Overlap(0, 1, 1.0)]]


def test_a_phrase_in_every_item_and_every_row_costs_no_more_than_one_row() -> None:
    phrase = [f"p{at}" for at in range(10)]
    items = [[*phrase, *(f"i{item}-{at}" for at in range(20))] for item in range(2000)]
    rows = [[*phrase, f"r{row}"] for row in range(2000)]
    rows[1500] += items[7]
    assert list(ItemRuns(items, 8, 8).overlaps(rows, limit=0.5)) == [
        [Overlap(item, 0, 10 / 30) for item in range(2000)],
        [Overlap(item, 1500, 1.0 if item == 7 else 10 / 30) for item in range(2000)],
    ]


@settings(deadline=None)
@given(texts, texts, st.floats(0.1, 1))
def test_a_limit_hides_only_what_an_earlier_row_showed(
    items: list[list[str]], rows: list[list[str]], limit: float
) -> None:
    runs = ItemRuns(items, 4, 3)
    every = [overlap for row in runs.overlaps(rows) for overlap in row]
    some = [overlap for row in runs.overlaps(rows, limit) for overlap in row]
    assert set(some) <= set(every)
    assert [overlap for overlap in every if overlap.share >= limit] == [o for o in some if o.share >= limit]
    for hidden in set(every) - set(some):
        assert any((o.item, o.share) == (hidden.item, hidden.share) and o.row < hidden.row for o in some)

"""Leaks that the split itself removes: exact, near, and by a held-out row's group."""

from typing import Any

import pytest

from tasks.errors import DataError
from tasks.mixing.choose import asked
from tasks.splitting import leaks
from tasks.splitting.leaks import Pair, close_leaks, pairs_across, shared_groups, worst_of_each

WORDS = "please book ten containers of toys from Hamburg to Kobe on the vessel Ever Given sailing next Friday thank you"


def record(name: str, asked: str, answer: str = "{}", origin: str = "task", **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "origin": origin,
        "messages": [
            {"role": "system", "content": "Reply with JSON only, and with the fields that were agreed upon before."},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ],
        "text": "",
        "fields": fields,
    }


TRAIN = [
    record("same", WORDS.upper() + " ", answer='{"pod":"Osaka"}'),
    record("near", WORDS.replace("thank you", "thanks"), answer='{"pod":"Busan"}'),
    record("related", WORDS.replace("Friday thank you", "Sunday many thanks")),
    record("far", "What does it cost to ship one box of tiles to Lagos by air this month and is insurance included"),
]
OTHERS = {"validation": [], "test": [record("test", WORDS)], "heldout": [record("held", "Nothing alike here at all")]}


def found(train: list[Any], others: dict[str, list[Any]], threshold: float = 0.8) -> list[Pair]:
    texts = {row["id"]: asked(row) for row in [*train, *(row for rows in others.values() for row in rows)]}
    return pairs_across(train, others, texts, threshold)


def test_equal_and_near_questions_leak_whatever_they_answer() -> None:
    kept, removed = close_leaks(TRAIN, found(TRAIN, OTHERS), "remove")
    assert [row["id"] for row in kept] == ["related", "far"]
    assert removed == [
        Pair("same", "test", "test", 1.0, "exact"),
        Pair("near", "test", "test", pytest.approx(16 / 18, abs=0.06), "near"),
    ]


def test_the_threshold_decides_what_is_near() -> None:
    assert len(found(TRAIN, OTHERS, 1.0)) == 1
    assert len(found(TRAIN, OTHERS, 0.65)) == 3


def test_a_leak_fails_the_run_when_asked() -> None:
    with pytest.raises(
        DataError,
        match=r"2 training rows nearly repeat .*: same and test of test \(exact 1\.00\); near and test of test",
    ):
        close_leaks(TRAIN, found(TRAIN, OTHERS), "fail")
    assert close_leaks(TRAIN[2:], found(TRAIN[2:], OTHERS), "fail") == (TRAIN[2:], [])


def test_each_split_is_searched() -> None:
    for split in ("validation", "test", "heldout"):
        others = {**{name: [] for name in OTHERS}, split: [record("there", WORDS)]}
        assert {(pair.train, pair.split) for pair in found(TRAIN, others)} == {("same", split), ("near", split)}


def test_short_questions_leak_when_they_are_equal() -> None:
    pairs = found([record("a", "Hi!"), record("b", "Ho")], {"test": [record("c", "hi!"), record("d", "Yo")]})
    assert pairs == [Pair("a", "c", "test", 1.0, "exact")]


def test_the_search_goes_below_the_threshold_so_that_it_misses_less(monkeypatch: pytest.MonkeyPatch) -> None:
    floors: list[float] = []

    def search(left: list[str], right: list[str], threshold: float) -> list[tuple[int, int, float]]:
        floors.append(threshold)
        return [(0, 0, 0.81), (1, 0, 0.79)]

    monkeypatch.setattr(leaks, "cross_pairs", search)
    pairs = found([record("a", "one"), record("b", "two")], {"test": [record("c", "three")]})
    assert pairs == [Pair("a", "c", "test", 0.81, "near")]
    assert floors == [pytest.approx(0.7)]


def test_a_row_is_listed_once_with_what_it_is_closest_to() -> None:
    pairs = [
        Pair("a", "x", "test", 0.85, "near"),
        Pair("a", "y", "test", 0.95, "near"),
        Pair("b", "x", "test", 0.9, "near"),
    ]
    assert worst_of_each(pairs) == [pairs[1], pairs[2]]


def test_a_training_row_of_a_held_out_group_leaks() -> None:
    train = [
        record("a", "one", customer=7, conversation="m"),
        record("b", "two", customer=8, conversation="n"),
        record("c", "three", customer=9, conversation="o"),
        record("d", "four", customer=None, conversation=""),
        record("g", "five", origin="general", customer=7),
    ]
    held = [
        record("y", "six", customer="7", conversation="n"),
        record("x", "seven", customer=7, conversation=""),
        record("z", "eight"),
    ]
    pairs = shared_groups(train, held, ("customer", "conversation"))
    assert pairs == [Pair("a", "x", "heldout", 1.0, "group"), Pair("b", "y", "heldout", 1.0, "group")]
    assert shared_groups(train, held, ()) == []
    kept, removed = close_leaks(train, pairs, "remove")
    assert [row["id"] for row in kept] == ["c", "d", "g"]
    assert removed == pairs

"""The leak check: exact and near, removed or failing."""

from typing import Any

import pytest

from tasks.errors import DataError, ProofError
from tasks.splitting import leaks
from tasks.splitting.leaks import Pair, close_leaks, leaks_of, pairs_across

WORDS = "please book ten containers of toys from Hamburg to Kobe on the vessel Ever Given sailing next Friday thank you"


def record(name: str, asked: str, answer: str = "{}") -> dict[str, Any]:
    return {
        "id": name,
        "origin": "task",
        "messages": [
            {"role": "system", "content": "Reply with JSON only, and with the fields that were agreed upon before."},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ],
        "text": "",
    }


TRAIN = [
    record("same", WORDS.upper() + " ", answer='{"pod":"Osaka"}'),
    record("near", WORDS.replace("thank you", "thanks"), answer='{"pod":"Busan"}'),
    record("related", WORDS.replace("Friday thank you", "Sunday many thanks")),
    record("far", "What does it cost to ship one box of tiles to Lagos by air this month and is insurance included"),
]
OTHERS = {"validation": [], "test": [record("test", WORDS)], "heldout": [record("held", "Nothing alike here at all")]}


def test_equal_and_near_questions_leak_whatever_they_answer() -> None:
    kept, removed, closest = close_leaks(TRAIN, OTHERS, 0.8, "remove")
    assert [row["id"] for row in kept] == ["related", "far"]
    assert removed == [
        Pair("same", "test", "test", 1.0, "exact"),
        Pair("near", "test", "test", pytest.approx(16 / 18, abs=0.06), "near"),
    ]
    assert [pair.train for pair in closest] == ["related"]
    assert 0.6 <= closest[0].similarity < 0.8


def test_the_threshold_decides_what_is_near() -> None:
    assert len(close_leaks(TRAIN, OTHERS, 1.0, "remove")[1]) == 1
    assert len(close_leaks(TRAIN, OTHERS, 0.65, "remove")[1]) == 3


def test_a_leak_fails_the_run_when_asked() -> None:
    with pytest.raises(DataError, match=r"2 training rows nearly repeat .*: same is 1\.00 like test \(test\); near is"):
        close_leaks(TRAIN, OTHERS, 0.8, "fail")
    clean = close_leaks(TRAIN[2:], OTHERS, 0.8, "fail")
    assert (clean[0], clean[1]) == (TRAIN[2:], [])


def test_each_split_is_searched() -> None:
    for split in ("validation", "test", "heldout"):
        others = {**{name: [] for name in OTHERS}, split: [record("there", WORDS)]}
        removed = close_leaks(TRAIN, others, 0.8, "remove")[1]
        assert {(pair.train, pair.split) for pair in removed} == {("same", split), ("near", split)}


def test_short_questions_leak_when_they_are_equal() -> None:
    found = pairs_across([record("a", "Hi!"), record("b", "")], {"test": [record("c", "hi!"), record("d", "Yo")]}, 0.8)
    assert found == [Pair("a", "c", "test", 1.0, "exact")]


def test_a_row_is_listed_once_with_what_it_is_closest_to() -> None:
    pairs = [
        Pair("a", "x", "test", 0.85, "near"),
        Pair("a", "y", "test", 0.95, "near"),
        Pair("b", "x", "test", 0.7, "near"),
    ]
    assert leaks_of(pairs, 0.8) == [pairs[1]]
    assert leaks_of([Pair("c", "x", "test", 0.1, "exact")], 0.8) != []


def test_a_leak_that_the_second_check_finds_is_a_proof_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []

    def blind_at_first(left: list[str], right: list[str], threshold: float) -> list[tuple[int, int, float]]:
        calls.append(threshold)
        return [] if len(calls) == 1 else [(0, 0, 0.9)]

    monkeypatch.setattr(leaks, "cross_pairs", blind_at_first)
    with pytest.raises(ProofError, match="still finds 1, the first between near and test"):
        close_leaks(TRAIN[1:], OTHERS, 0.8, "remove")


def test_many_rows_are_searched_nearer_to_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    floors: list[float] = []

    def no_pairs(left: list[str], right: list[str], threshold: float) -> list[tuple[int, int, float]]:
        floors.append(round(threshold, 2))
        return []

    monkeypatch.setattr(leaks, "cross_pairs", no_pairs)
    close_leaks(TRAIN[1:], OTHERS, 0.8, "remove")
    monkeypatch.setattr(leaks, "FEW_PAIRS", 5)
    close_leaks(TRAIN[1:], OTHERS, 0.8, "remove")
    assert floors == [0.3, 0.8, 0.7, 0.8]

"""Which general records go in."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError, DataError
from tasks.mixing.choose import CHOSEN, Choice, amount_for_share, asked, choose
from tasks.mixing.measure import characters, rows
from tasks.mixing.params import MixingParams
from tasks.mixing.sources import source_of
from tests.unit.mixing.samples import Record, general_rows, record, task_rows


def chosen(general: list[Record], choice: Choice) -> list[Record]:
    return [row for row, fate in zip(general, choice.fates, strict=True) if fate == CHOSEN]


def by_source(general: list[Record], choice: Choice) -> dict[str, int]:
    return dict(sorted(Counter(source_of(row) for row in chosen(general, choice)).items()))


def two_sources(facts: int, chats: int) -> list[Record]:
    return [*general_rows(facts, "facts.jsonl", source="facts"), *general_rows(chats, "chats.jsonl", source="chats")]


def test_sources_give_by_weight() -> None:
    general = two_sources(200, 200)
    params = MixingParams(share=0.1, weights=("facts=3", "chats=1"))
    choice = choose(task_rows(360), general, params, rows)
    assert by_source(general, choice) == {"chats": 10, "facts": 30}
    assert (choice.wanted, choice.short) == ({"chats": 10, "facts": 30}, [])


def test_without_weights_rows_and_not_sources_are_drawn() -> None:
    general = two_sources(900, 100)
    counts = by_source(general, choose(task_rows(900), general, MixingParams(share=0.1), rows))
    assert sum(counts.values()) == 100
    assert 80 <= counts["facts"] <= 98


def test_a_source_that_runs_out_is_topped_up_and_named_or_fails() -> None:
    general = two_sources(8, 200)
    params: dict[str, Any] = {"share": 0.1, "weights": ("facts=1", "chats=1")}
    choice = choose(task_rows(360), general, MixingParams(**params), rows)
    assert by_source(general, choice) == {"chats": 32, "facts": 8}
    assert (choice.wanted["facts"], choice.short) == (20, ["facts"])
    with pytest.raises(DataError, match=r"in rows: facts should give 20 and has 8\. .*on_short to top_up"):
        choose(task_rows(360), general, MixingParams(**params, on_short="fail"), rows)
    choose(task_rows(144), general, MixingParams(**params, on_short="fail"), rows)


def test_a_source_that_runs_out_gives_all_it_has_whatever_the_others_leave_open() -> None:
    long = [record("a", n, "general", ask=f"long {n} " * 20, source="a") for n in range(50)]
    short = [record("z", n, "general", ask=f"z{n:02d}", source="z") for n in range(8)]
    task = task_rows(100, ask="q" * 90)
    for seed in range(20):
        params = MixingParams(share=0.2, share_by="characters", weights=("a=1", "z=9"), seed=seed)
        choice = choose(task, [*long, *short], params, characters)
        assert by_source([*long, *short], choice)["z"] == 8
        assert choice.short == ["z"]


def test_weights_that_fit_no_source_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'chats' has no weight.*The sources are: chats, facts"):
        choose(task_rows(9), two_sources(9, 9), MixingParams(weights=("facts=1",)), rows)


def test_a_share_of_characters_counts_characters() -> None:
    task = task_rows(40, ask="q" * 90, answer="a" * 9)
    assert sum(characters(task)) == 4000
    general = [record("g", n, "general", ask=f"{n:04d}" * (n % 40 + 2)) for n in range(400)]
    choice = choose(task, general, MixingParams(share=0.2, share_by="characters"), characters)
    got = sum(characters(chosen(general, choice)))
    # The nearest that can be had is within half of the shortest row.
    assert abs(got - 1000) <= min(characters(general)) / 2
    assert len(chosen(general, choice)) != len(chosen(general, choose(task, general, MixingParams(share=0.2), rows)))


def test_a_row_too_long_for_the_share_is_passed_over() -> None:
    general = [record("g", 1, "general", ask="long " * 400), *general_rows(30)]
    for seed in range(8):
        choice = choose(task_rows(30), general, MixingParams(share=0.1, share_by="characters", seed=seed), characters)
        assert choice.fates[0] == "not_needed"
        assert CHOSEN in choice.fates


LONG = "please say in one friendly sentence why the sky over the sea is blue in the morning and red in the evening"


def test_rows_that_nearly_ask_what_the_task_asks_are_left_out() -> None:
    task = [*task_rows(17), record("mails.jsonl", 18, ask=LONG)]
    general = [
        record("g", 1, "general", ask=LONG.upper()),
        record("g", 2, "general", ask=LONG.replace("evening", "night")),
        record("g", 3, "general", ask=LONG.replace("evening", "night") + " "),
        *general_rows(5),
    ]
    fates = choose(task, general, MixingParams(), rows).fates
    assert fates[0] == "equal_to_task"
    assert sorted(fates[1:3]) == ["near_task", "repeated"]
    assert Counter(fates[3:]) == {"chosen": 2, "not_needed": 3}
    strict = choose(task, general, MixingParams(near_threshold=1.0), rows).fates
    assert "near_task" not in strict


def test_rows_without_a_user_turn_are_told_apart_by_the_rest() -> None:
    pair = [record("mails.jsonl", number, answer=f"answer {number}") for number in (1, 2)]
    for row in pair:
        row["messages"][0] = {"role": "system", "content": "Tell a fact."}
    assert asked(pair[0]) != asked(pair[1])


def test_too_little_says_what_there_is_and_why() -> None:
    with pytest.raises(DataError, match=r"needs \d+ general characters, but of the 2 rows there only 2 \(\d+ char"):
        choose(task_rows(90), general_rows(2), MixingParams(share_by="characters"), characters)


@settings(max_examples=60, deadline=None)
@given(task=st.integers(1, 200), general=st.integers(0, 80), share=st.floats(0.05, 0.2), seed=st.integers(0, 9))
def test_the_share_is_met_to_the_nearest_row_or_refused(task: int, general: int, share: float, seed: int) -> None:
    needed = amount_for_share(task, share)
    assert abs(needed / (needed + task) - share) <= 0.5 / task
    offered = general_rows(general)
    params = MixingParams(share=share, seed=seed)
    if general < needed:
        with pytest.raises(DataError):
            choose(task_rows(task), offered, params, rows)
        return
    fates = choose(task_rows(task), offered, params, rows).fates
    assert fates.count(CHOSEN) == needed
    assert len(fates) == general


weighted = st.lists(st.tuples(st.integers(1, 20), st.floats(0.1, 9)), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(weighted, st.integers(0, 3), st.randoms(use_true_random=False))
def test_weighted_rows_add_up_exactly_whatever_the_order(
    drawn: list[tuple[int, float]], seed: int, shuffle: random.Random
) -> None:
    general = [row for n, (count, _weight) in enumerate(drawn) for row in general_rows(count, f"s{n}", source=f"s{n}")]
    names = tuple(f"s{n}={weight}" for n, (_count, weight) in enumerate(drawn))
    params = MixingParams(share=0.2, weights=names, seed=seed)
    task = task_rows(4 * (len(general) // 2))
    if not task:
        return
    choice = choose(task, general, params, rows)
    assert choice.fates.count(CHOSEN) == len(general) // 2
    got = by_source(general, choice)
    for name, wanted in choice.wanted.items():
        # A source gives less than its weight asks only when it gives all; the rounding of all of them is one row.
        assert got.get(name, 0) > wanted - 1 or got.get(name, 0) == int(drawn[int(name[1:])][0])
    other = general[:]
    shuffle.shuffle(other)
    again = choose(task, other, params, rows)
    assert {row["id"] for row in chosen(other, again)} == {row["id"] for row in chosen(general, choice)}

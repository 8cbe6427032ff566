"""Splits by hash: what was tested once never trains."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.splitting.frozen import by_hash, place_of
from tasks.splitting.groups import GENERAL_STRATUM, make_groups
from tasks.splitting.params import SplittingParams
from tests.unit.splitting.samples import groups_of, rows_by_split

HALF = SplittingParams(method="hash", validation=0.2, test=0.3)


@pytest.mark.parametrize(("validation", "test"), [(0.05, 0.05), (0.1, 0.0), (0.05, 0.0), (0.1, 0.2)])
def test_shares_are_met_on_average_in_every_stratum(validation: float, test: float) -> None:
    groups = groups_of({"a": [1] * 8000, "b": [2] * 4000})
    splits = by_hash(groups, SplittingParams(method="hash", validation=validation, test=test))
    for stratum, share_of in ((None, 16000), ("a", 8000), ("b", 8000)):
        counts = rows_by_split(groups, splits, stratum)
        # Four standard deviations of the smaller stratum's 4000 groups.
        bound = 4 * (0.25 / 4000) ** 0.5
        assert counts["validation"] / share_of == pytest.approx(validation, abs=bound)
        assert counts["test"] / share_of == pytest.approx(test, abs=bound)


def test_places_are_even_and_hang_on_key_and_salt_alone() -> None:
    places = [place_of(f"customer={number}", 0) for number in range(10_000)]
    assert all(0 <= place < 1 for place in places)
    for tenth in range(10):
        assert sum(tenth <= 10 * place < tenth + 1 for place in places) == pytest.approx(1000, abs=4 * 30)
    # Another version that gave other places would move every frozen test. By hand: echo -n 0:customer=1 | sha256sum
    assert place_of("customer=1", 0) == 0x47EB0C54F8E19D21 / 2**64
    assert place_of("customer=1", 1) != place_of("customer=1", 0)
    place_of("lone surrogate \ud800", 0)


def test_the_salt_decides_and_the_order_does_not() -> None:
    groups = groups_of({"a": [1, 2, 3] * 50})
    first = by_hash(groups, HALF)
    assert by_hash(groups[::-1], HALF) == first
    assert by_hash(groups, HALF.model_copy(update={"seed": 1})) != first


def test_a_larger_test_keeps_the_smaller_one() -> None:
    groups = groups_of({"a": [1] * 500})
    small, large = (by_hash(groups, SplittingParams(method="hash", test=test)) for test in (0.05, 0.2))
    tested = {name for name, split in small.items() if split == "test"}
    assert tested
    assert tested < {name for name, split in large.items() if split == "test"}


def test_general_rows_are_never_in_the_test() -> None:
    groups = groups_of({GENERAL_STRATUM: [1] * 2000})
    counts = rows_by_split(groups, by_hash(groups, HALF))
    assert counts["test"] == 0
    assert counts["validation"] == pytest.approx(400, abs=4 * 18)


Row = tuple[int, int | None, int | None, str]


def split_of(rows: list[tuple[int, Row]], group_by: tuple[str, ...]) -> dict[int, str]:
    """Split rows (number and content) that stand in files in this order; return each number's split."""
    records: list[dict[str, Any]] = [
        # Ids and duplicate groups hang on the place in the files, which growth changes.
        {
            "id": f"f:{place}",
            "group": f"f:{place}",
            "origin": origin,
            "fields": {"customer": customer, "conversation": conversation},
        }
        for place, (_number, (_ask, customer, conversation, origin)) in enumerate(rows)
    ]
    groups = make_groups(records, [f"question {row[0]}" for _number, row in rows], "", group_by)
    splits = by_hash(groups, HALF)
    return {rows[index][0]: splits[group.name] for group in groups for index in group.members}


contents = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.none() | st.integers(0, 12),
        st.none() | st.integers(0, 12),
        st.sampled_from(["task", "task", "general"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    contents,
    st.sampled_from([(), ("customer",), ("conversation",), ("customer", "conversation")]),
    st.integers(0, 60),
    st.randoms(use_true_random=False),
)
def test_what_was_tested_never_trains_however_the_data_grow(
    drawn: list[Row], group_by: tuple[str, ...], first: int, shuffle: random.Random
) -> None:
    rows = list(enumerate(drawn))
    shuffle.shuffle(rows)
    before = split_of(rows[:first], group_by)
    grown = rows[:]
    shuffle.shuffle(grown)
    after = split_of(grown, group_by)
    order = ("test", "validation", "train")
    for number, split in before.items():
        assert order.index(after[number]) <= order.index(split)
        assert not (after[number] == "test" and drawn[number][3] == "general")


def test_a_new_row_that_joins_a_tested_and_a_training_group_takes_all_to_the_test() -> None:
    params = SplittingParams(method="hash", validation=0.01, test=0.4)
    places = {name: place_of(f"customer={name}", 0) for name in range(40)}
    tested = next(name for name, place in places.items() if place < 0.4)
    trained = next(name for name, place in places.items() if place > 0.41)

    def split(rows: list[tuple[int, str]]) -> list[str]:
        records = [
            {"id": f"{n}", "group": f"{n}", "origin": "task", "fields": {"customer": customer, "conversation": talk}}
            for n, (customer, talk) in enumerate(rows)
        ]
        asks = [f"q{n}" for n in range(len(rows))]
        groups = make_groups(records, asks, "", ("customer", "conversation"))
        by_name = by_hash(groups, params)
        return [by_name[group.name] for group in groups for _ in group.members]

    assert split([(tested, "m"), (trained, "n")]) == ["test", "train"]
    assert split([(tested, "m"), (trained, "n"), (trained, "m")]) == ["test", "test", "test"]


def test_conversations_inside_customers_do_not_enlarge_the_test() -> None:
    records = [
        {
            "id": f"{n:05d}",
            "group": f"{n}",
            "origin": "task",
            "fields": {"customer": n // 10, "conversation": n // 2},
        }
        for n in range(40_000)
    ]
    asks = [f"q{n}" for n in range(len(records))]
    coarse, fine = (
        make_groups(records, asks, "", names) for names in (("customer", "conversation"), ("conversation", "customer"))
    )
    params = SplittingParams(method="hash")
    share = [rows_by_split(groups, by_hash(groups, params))["test"] / 40_000 for groups in (coarse, fine)]
    assert share[0] == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 4000) ** 0.5)
    assert share[1] == pytest.approx(1 - 0.95**5, abs=4 * (0.23 * 0.77 / 4000) ** 0.5)

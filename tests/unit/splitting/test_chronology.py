"""Splits in time."""

import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.errors import DataError
from tasks.splitting.chronology import Cuts, by_time, read_times, shown
from tasks.splitting.groups import Group
from tasks.splitting.instants import instant
from tasks.splitting.params import SplittingParams

DAY = 86_400.0
START = instant("2024-01-01") or 0.0


def params(**values: Any) -> SplittingParams:
    return SplittingParams(**{"method": "time", "time_field": "sent", **values})


def split(moments: list[list[float | None]], **values: Any) -> tuple[list[str], Cuts]:
    """Split groups whose rows have these times (days); return the split of each group."""
    times: list[float | None] = []
    groups = []
    for number, days in enumerate(moments):
        members = tuple(range(len(times), len(times) + len(days)))
        groups.append(Group(f"{number:04d}", "a", members, (f"{number}",)))
        times += [None if day is None else START + day * DAY for day in days]
    splits, cuts = by_time(groups, times, params(**values))
    return [splits[group.name] for group in groups], cuts


@pytest.mark.parametrize(("validation", "test"), [(0.05, 0.05), (0.1, 0.0), (0.05, 0.0), (0.1, 0.2)])
def test_the_newest_are_the_test_and_those_before_them_the_validation(validation: float, test: float) -> None:
    days = random.Random(3).sample(range(200), 200)
    splits, cuts = split([[day] for day in days], validation=validation, test=test)
    in_order = [found for _day, found in sorted(zip(days, splits, strict=True))]
    held, tested = round(200 * validation), round(200 * test)
    assert in_order == ["train"] * (200 - held - tested) + ["validation"] * held + ["test"] * tested
    assert (cuts.carried, cuts.undated) == (0, 0)
    assert (cuts.test_from is None) == (test == 0)


def test_a_group_goes_by_its_newest_row() -> None:
    groups: list[list[float | None]] = [[day] for day in range(18)]
    splits, cuts = split([*groups, [1, 2, 30], [3, 20]], validation=0.1, test=0.1)
    assert splits[18:] == ["test", "validation"]
    assert splits[:18] == ["train"] * 18
    assert cuts.carried == 3


def test_rows_of_one_moment_stay_on_one_side() -> None:
    days = [0] * 50 + [1] * 30 + [2] * 12 + [3] * 8
    splits, _cuts = split([[day] for day in days], validation=0.1, test=0.1)
    assert [splits[index] for index in (0, 50, 80, 92)] == ["train", "train", "validation", "test"]
    assert len({(day, found) for day, found in zip(days, splits, strict=True)}) == 4
    coarse, _cuts = split([[day] for day in [0] * 10 + [1] * 60 + [2] * 30], validation=0.05, test=0.05)
    assert [coarse[index] for index in (0, 10, 70)] == ["train", "validation", "test"]
    # Both last days would be nearest to the test's share, but then nothing would be left to validate with.
    few, _cuts = split([[day] for day in [0] * 90 + [1] * 4 + [2]])
    assert [few[index] for index in (0, 90, 94)] == ["train", "validation", "test"]


def test_dates_cut_where_they_say() -> None:
    days: list[list[float | None]] = [[day] for day in range(40)]
    both, cuts = split(days, validation_from="2024-01-31", test_from="2024-02-05T00:00:00Z")
    assert [both.index(name) for name in ("validation", "test")] == [30, 35]
    assert shown(cuts) == {
        "validation_from": "2024-01-31T00:00:00+00:00",
        "test_from": "2024-02-05T00:00:00+00:00",
        "carried": 0,
        "undated": 0,
    }
    by_share, _ = split(days, test_from="2024-02-05", validation=0.1)
    assert [by_share.index(name) for name in ("validation", "test")] == [31, 35]
    other, _ = split(days, validation_from="2024-01-31", test=0.1)
    assert [other.index(name) for name in ("validation", "test")] == [30, 36]
    alone, cuts = split(days, validation_from="2024-01-31", test=0)
    assert (alone.index("validation"), alone.count("validation")) == (30, 10)
    assert shown(cuts)["test_from"] is None


def test_groups_without_any_time_train_and_are_counted() -> None:
    splits, cuts = split([*([day] for day in range(20)), [None, None], [None, 40]])
    assert splits[20:] == ["train", "test"]
    assert cuts.undated == 3


def test_too_few_times_to_cut_at_are_refused() -> None:
    with pytest.raises(DataError, match="have only 2 different times"):
        split([[0], [0], [1]])
    assert split([[0], [0], [1]], test=0)[0] == ["train", "train", "validation"]
    with pytest.raises(DataError, match="only 0 different times"):
        split([[None]] * 9)


def test_times_are_read_from_the_field_and_unreadable_ones_are_named() -> None:
    def row(name: str, value: Any, origin: str = "task") -> dict[str, Any]:
        return {"id": name, "origin": origin, "fields": {"sent": value}}

    rows = [row("a", "2024-01-02"), row("b", "soon"), row("g", None, "general"), {**row("c", 0), "fields": {}}]
    assert read_times(rows, params(on_undated="train")) == [START + DAY, None, None, None]
    with pytest.raises(DataError, match=r"2 of 4 rows have no readable time in 'sent': b has 'soon'; c has 'None'"):
        read_times(rows, params())
    assert read_times([rows[0], rows[2]], params()) == [START + DAY, None]


moments = st.lists(st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=4), min_size=3, max_size=60)


@settings(deadline=None)
@given(moments, st.floats(0.01, 0.25), st.floats(0, 0.25), st.randoms(use_true_random=False))
def test_no_training_group_is_newer_than_what_it_is_measured_on(
    drawn: list[list[float | None]], validation: float, test: float, shuffle: random.Random
) -> None:
    newest = [max((day for day in days if day is not None), default=None) for days in drawn]
    assume(len({day for day in newest if day is not None}) >= 3)
    splits, cuts = split(drawn, validation=validation, test=test)
    by_split: dict[str, list[float]] = {"train": [], "validation": [], "test": []}
    for day, found in zip(newest, splits, strict=True):
        if day is not None:
            by_split[found].append(day)
    assert max(by_split["train"]) < min(by_split["validation"])
    if by_split["test"]:
        assert max(by_split["validation"]) < min(by_split["test"])
    assert bool(by_split["test"]) == (test > 0)
    assert all(found == "train" for day, found in zip(newest, splits, strict=True) if day is None)
    order = list(range(len(drawn)))
    shuffle.shuffle(order)
    again, cuts_again = split([drawn[place] for place in order], validation=validation, test=test)
    assert (again, cuts_again) == ([splits[place] for place in order], cuts)

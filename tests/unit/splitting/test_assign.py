"""Shares, strata and groups together."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tasks.splitting.assign import assign
from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams


def groups_of(sizes: dict[str, list[int]]) -> list[Group]:
    """Return groups of these sizes, by stratum."""
    made = []
    for stratum, group_sizes in sizes.items():
        for number, size in enumerate(group_sizes):
            testable = stratum != GENERAL_STRATUM
            made.append(Group(f"{stratum}-{number}", stratum, tuple(range(size)), testable))
    return made


def rows_by_split(groups: list[Group], splits: dict[str, str], stratum: str | None = None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in groups:
        if stratum in (None, group.stratum):
            counts[splits[group.name]] += len(group.members)
    return counts


def test_single_rows_give_exact_shares() -> None:
    groups = groups_of({"a": [1] * 1000})
    assert rows_by_split(groups, assign(groups, SplittingParams()).splits) == {
        "train": 900,
        "validation": 50,
        "test": 50,
    }
    other = SplittingParams(validation=0.1, test=0)
    assert rows_by_split(groups, assign(groups, other).splits) == {"train": 900, "validation": 100}


def test_each_stratum_keeps_the_shares_and_the_whole_comes_out_right() -> None:
    groups = groups_of({f"s{number}": [1] * 13 for number in range(20)} | {"big": [1] * 140})
    assignment = assign(groups, SplittingParams(validation=0.1, test=0.1))
    assert rows_by_split(groups, assignment.splits) == {"train": 320, "validation": 40, "test": 40}
    for number in range(20):
        counts = rows_by_split(groups, assignment.splits, f"s{number}")
        assert 1 <= counts["test"] <= 2
        assert 1 <= counts["validation"] <= 2
    assert assignment.rare == []


def test_groups_larger_than_a_stratums_share_are_made_up_for_elsewhere() -> None:
    groups = groups_of({f"s{number}": [5] * 8 for number in range(10)})
    counts = rows_by_split(groups, assign(groups, SplittingParams()).splits)
    assert abs(counts["test"] - 20) <= 5
    assert abs(counts["validation"] - 20) <= 5


def test_one_stratum_is_not_drained_for_another() -> None:
    groups = groups_of({"huge-groups": [200] * 4, "small": [1] * 40})
    counts = rows_by_split(groups, assign(groups, SplittingParams()).splits, "small")
    assert counts["test"] <= 6
    assert counts["train"] >= 28


def test_a_rare_stratum_goes_to_train_and_is_named() -> None:
    groups = groups_of({"big": [1] * 100, "pair": [1, 1], "one": [9]})
    assignment = assign(groups, SplittingParams())
    assert assignment.rare == ["one", "pair"]
    for stratum in assignment.rare:
        assert set(rows_by_split(groups, assignment.splits, stratum)) == {"train"}
    assert assign(groups, SplittingParams(test=0)).rare == ["one"]


def test_general_rows_are_never_in_the_test() -> None:
    groups = groups_of({"a": [1] * 100, GENERAL_STRATUM: [1] * 40})
    counts = rows_by_split(groups, assign(groups, SplittingParams()).splits, GENERAL_STRATUM)
    assert counts == {"train": 38, "validation": 2}


def test_a_group_that_holds_a_general_row_is_not_tested() -> None:
    groups = [Group(f"g{number}", "a", (number,), number == 7) for number in range(10)]
    splits = assign(groups, SplittingParams(validation=0.1, test=0.4)).splits
    assert [name for name, split in splits.items() if split == "test"] == ["g7"]


def test_the_seed_decides_and_the_order_does_not() -> None:
    groups = groups_of({"a": [1, 2, 3] * 30, "b": [1] * 50})
    shuffled = random.Random(2).sample(groups, len(groups))
    first = assign(groups, SplittingParams()).splits
    assert assign(shuffled, SplittingParams()).splits == first
    assert assign(groups, SplittingParams(seed=1)).splits != first


strata = st.dictionaries(
    st.sampled_from(["a", "b", "c", GENERAL_STRATUM]), st.lists(st.integers(1, 9), min_size=1, max_size=40), min_size=1
)


@given(strata, st.floats(0.01, 0.25), st.floats(0, 0.25), st.integers(0, 5))
def test_every_group_has_one_split_and_train_keeps_a_group_of_each_stratum(
    sizes: dict[str, list[int]], validation: float, test: float, seed: int
) -> None:
    groups = groups_of(sizes)
    assignment = assign(groups, SplittingParams(validation=validation, test=test, seed=seed))
    assert set(assignment.splits) == {group.name for group in groups}
    for stratum, group_sizes in sizes.items():
        counts = rows_by_split(groups, assignment.splits, stratum)
        assert counts["train"] > 0
        assert sum(counts.values()) == sum(group_sizes)
        assert not (stratum == GENERAL_STRATUM and counts["test"])

"""Shares, strata and groups together, at random."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.splitting.groups import GENERAL_STRATUM
from tasks.splitting.params import SplittingParams
from tasks.splitting.quota import by_quota
from tests.unit.splitting.samples import groups_of, rows_by_split


@pytest.mark.parametrize(
    ("validation", "test", "expected"),
    [
        (0.05, 0.05, {"train": 900, "validation": 50, "test": 50}),
        (0.1, 0.0, {"train": 900, "validation": 100}),
        (0.05, 0.0, {"train": 950, "validation": 50}),
        (0.1, 0.2, {"train": 700, "validation": 100, "test": 200}),
    ],
)
def test_single_rows_give_exact_shares(validation: float, test: float, expected: dict[str, int]) -> None:
    groups = groups_of({"a": [1] * 1000})
    assert rows_by_split(groups, by_quota(groups, SplittingParams(validation=validation, test=test))) == expected


def test_each_stratum_keeps_the_shares_and_the_whole_comes_out_right() -> None:
    groups = groups_of({f"s{number}": [1] * 13 for number in range(20)} | {"big": [1] * 140})
    splits = by_quota(groups, SplittingParams(validation=0.1, test=0.1))
    assert rows_by_split(groups, splits) == {"train": 320, "validation": 40, "test": 40}
    for number in range(20):
        counts = rows_by_split(groups, splits, f"s{number}")
        assert 1 <= counts["test"] <= 2
        assert 1 <= counts["validation"] <= 2


def test_groups_larger_than_a_stratums_share_are_made_up_for_elsewhere() -> None:
    groups = groups_of({f"s{number}": [5] * 8 for number in range(10)})
    counts = rows_by_split(groups, by_quota(groups, SplittingParams()))
    assert abs(counts["test"] - 20) <= 5
    assert abs(counts["validation"] - 20) <= 5


def test_one_stratum_is_not_drained_for_another() -> None:
    groups = groups_of({"huge-groups": [200] * 4, "small": [1] * 40})
    counts = rows_by_split(groups, by_quota(groups, SplittingParams()), "small")
    assert counts["test"] <= 6
    assert counts["train"] >= 28


def test_a_rare_stratum_trains_or_is_divided_with_the_other_rare_ones() -> None:
    groups = groups_of({"big": [1] * 100} | {f"pair{number}": [1, 1] for number in range(20)})
    rare = [f"pair{number}" for number in range(20)]
    trains = by_quota(groups, SplittingParams())
    assert {split for name, split in trains.items() if name.startswith("pair")} == {"train"}
    merged = by_quota(groups, SplittingParams(), merge=rare)
    counts = rows_by_split(groups, merged)
    assert counts == {"train": 126, "validation": 7, "test": 7}
    assert sum(split == "test" for name, split in merged.items() if name.startswith("pair")) == 2
    assert {merged[group.name] for group in groups if group.stratum == "big"} == {"train", "validation", "test"}


def test_rare_strata_that_are_few_together_still_train() -> None:
    groups = groups_of({"big": [1] * 100, "one": [3], "two": [4]})
    splits = by_quota(groups, SplittingParams(), merge=["one", "two"])
    assert (splits["one-0"], splits["two-0"]) == ("train", "train")


def test_general_rows_are_never_in_the_test_nor_merged() -> None:
    groups = groups_of({"a": [1] * 100, GENERAL_STRATUM: [1] * 40})
    counts = rows_by_split(groups, by_quota(groups, SplittingParams()), GENERAL_STRATUM)
    assert counts == {"train": 38, "validation": 2}
    few = groups_of({"a": [1] * 100, "b": [1], "c": [1], GENERAL_STRATUM: [1]})
    splits = by_quota(few, SplittingParams(validation=0.3, test=0.2), merge=["b", "c", GENERAL_STRATUM])
    assert splits[f"{GENERAL_STRATUM}-0"] == "train"


def test_the_seed_decides_and_the_order_does_not() -> None:
    groups = groups_of({"a": [1, 2, 3] * 30, "b": [1] * 50})
    shuffled = random.Random(2).sample(groups, len(groups))
    first = by_quota(groups, SplittingParams())
    assert by_quota(shuffled, SplittingParams()) == first
    assert by_quota(groups, SplittingParams(seed=1)) != first


strata = st.dictionaries(
    st.sampled_from(["a", "b", "c", GENERAL_STRATUM]), st.lists(st.integers(1, 9), min_size=1, max_size=40), min_size=1
)


@settings(deadline=None)
@given(strata, st.floats(0.01, 0.25), st.floats(0, 0.25), st.integers(0, 5), st.booleans())
def test_every_group_has_one_split_and_train_keeps_a_group_of_each_stratum(
    sizes: dict[str, list[int]], validation: float, test: float, seed: int, merge: bool
) -> None:
    groups = groups_of(sizes)
    params = SplittingParams(validation=validation, test=test, seed=seed)
    splits = by_quota(groups, params, merge=[name for name in sizes if len(sizes[name]) < 3] if merge else ())
    assert set(splits) == {group.name for group in groups}
    for stratum, group_sizes in sizes.items():
        counts = rows_by_split(groups, splits, stratum)
        assert counts["train"] > 0 or (merge and len(group_sizes) < 3)
        assert sum(counts.values()) == sum(group_sizes)
        assert not (stratum == GENERAL_STRATUM and counts["test"])


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=3, max_size=80),
    st.floats(0.01, 0.25),
    st.floats(0.01, 0.25),
    st.integers(0, 3),
)
def test_shares_are_met_within_what_the_largest_group_allows(
    sizes: list[int], validation: float, test: float, seed: int
) -> None:
    groups = groups_of({"a": sizes})
    counts = rows_by_split(groups, by_quota(groups, SplittingParams(validation=validation, test=test, seed=seed)))
    for split, share in (("validation", validation), ("test", test)):
        assert abs(counts[split] - share * sum(sizes)) <= max(sizes)

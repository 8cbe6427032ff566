"""The methods, and strata that are too small."""

import pytest

from tasks.errors import DataError
from tasks.splitting.assign import assign
from tasks.splitting.chronology import by_time
from tasks.splitting.frozen import by_hash
from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams
from tasks.splitting.quota import by_quota
from tests.unit.splitting.samples import groups_of, rows_by_split


def test_each_method_is_its_own() -> None:
    groups = groups_of({"a": [1] * 200})
    by_random = assign(groups, SplittingParams())
    assert by_random.splits == by_quota(groups, SplittingParams())
    frozen = SplittingParams(method="hash")
    assert assign(groups, frozen).splits == by_hash(groups, frozen) != by_random.splits
    assert by_random.cuts is None


def test_in_time_general_rows_are_divided_at_random() -> None:
    task = [Group(f"t{n:03d}", "a", (n,), (f"{n}",)) for n in range(100)]
    general = [Group(f"g{n:03d}", GENERAL_STRATUM, (100 + n,), (f"g{n}",)) for n in range(40)]
    times = [1.7e9 + n for n in range(100)] + [None] * 40
    params = SplittingParams(method="time", time_field="sent")
    assignment = assign([*task, *general], params, times)
    splits, cuts = by_time(task, times, params)
    assert {name: assignment.splits[name] for name in splits} == splits
    assert assignment.cuts == cuts
    assert rows_by_split(general, assignment.splits) == {"train": 38, "validation": 2}


def test_rare_strata_are_named_whatever_the_method() -> None:
    groups = groups_of({"big": [1] * 100, "pair": [1, 1], "one": [9]})
    assert assign(groups, SplittingParams()).rare == ["one", "pair"]
    assert assign(groups, SplittingParams(method="hash")).rare == ["one", "pair"]
    assert assign(groups, SplittingParams(test=0)).rare == ["one"]


def test_rare_strata_train_or_are_merged_or_fail() -> None:
    groups = groups_of({"big": [1] * 60} | {f"s{number}": [1] for number in range(40)})
    trains = assign(groups, SplittingParams())
    merged = assign(groups, SplittingParams(on_rare="merge"))
    assert rows_by_split(groups, trains.splits) == {"train": 94, "validation": 3, "test": 3}
    assert rows_by_split(groups, merged.splits) == {"train": 90, "validation": 5, "test": 5}
    assert trains.rare == merged.rare
    with pytest.raises(DataError, match=r"strata of 'kind' with fewer groups than splits: s0 \(1\), s1 \(1\)"):
        assign(groups, SplittingParams(on_rare="fail", stratify_by="kind"))
    fine = groups_of({"big": [1] * 60})
    assert assign(fine, SplittingParams(on_rare="fail")).splits == by_quota(fine, SplittingParams())

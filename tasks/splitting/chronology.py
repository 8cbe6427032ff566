"""Splits in time: the newest groups are the test, those before them the validation, all older ones train.

A group goes by its newest record, so that no training row is newer than the cut; older records of it go along. Groups
of one moment stay on one side of a cut, however many they are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import DataError
from tasks.splitting.groups import Group
from tasks.splitting.instants import instant, written
from tasks.splitting.params import SplittingParams
from tasks.store.records import Row

SHOWN = 5
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Cuts:
    """Where the splits begin.

    Attributes:
        validation_from: Unix seconds: the validation holds groups whose newest record is of then or later.
        test_from: The same of the test; None where there is no test.
        carried: Rows of validation and test that are older than the cut and go along with their group.
        undated: Task rows without a readable time; groups with none at all train.
    """

    validation_from: float
    test_from: float | None
    carried: int
    undated: int


def read_times(records: Sequence[Row], params: SplittingParams) -> list[float | None]:
    """Return the time of each record as Unix seconds; None for general records and what has no readable time.

    Raises:
        DataError: Task records have none, and that shall fail the run.
    """
    times = [
        None if record["origin"] == "general" else instant(record["fields"].get(params.time_field))
        for record in records
    ]
    bad = [
        record for record, time in zip(records, times, strict=True) if time is None and record["origin"] != "general"
    ]
    if bad and params.on_undated == "fail":
        listed = "; ".join(
            f"{record['id']} has {str(record['fields'].get(params.time_field))[:LONGEST_SHOWN]!r}"
            for record in bad[:SHOWN]
        )
        raise DataError(
            f"{len(bad)} of {len(records)} rows have no readable time in '{params.time_field}': {listed}. Write ISO "
            "8601 or Unix time, or set splitting.on_undated to train."
        )
    return times


def by_time(
    groups: Sequence[Group], times: Sequence[float | None], params: SplittingParams
) -> tuple[dict[str, str], Cuts]:
    """Return the split of each task group, by its name, and the cuts.

    Args:
        groups: The groups of task records.
        times: Of each record, by position.
        params: Shares or dates of the cuts; a date goes before a share.

    Raises:
        DataError: There are too few different times for the splits.
    """
    newest = {group.name: max((time for time in _known(group, times)), default=None) for group in groups}
    rows: Counter[float] = Counter()
    for group in groups:
        if (moment := newest[group.name]) is not None:
            rows[moment] += group.rows
    total = sum(group.rows for group in groups)
    validation_from, test_from = _cuts(rows, total, params)
    splits = {}
    for group in groups:
        moment = newest[group.name]
        if moment is None or moment < validation_from:
            splits[group.name] = "train"
        else:
            splits[group.name] = "validation" if test_from is None or moment < test_from else "test"
    begins = {"train": float("-inf"), "validation": validation_from, "test": test_from or 0.0}
    carried = sum(time < begins[splits[group.name]] for group in groups for time in _known(group, times))
    undated = total - sum(len(_known(group, times)) for group in groups)
    return splits, Cuts(validation_from, test_from, carried, undated)


def shown(cuts: Cuts) -> dict[str, str | int | None]:
    """Return the cuts as JSON, times as ISO 8601 in UTC."""
    return {
        "validation_from": written(cuts.validation_from),
        "test_from": None if cuts.test_from is None else written(cuts.test_from),
        "carried": cuts.carried,
        "undated": cuts.undated,
    }


def _known(group: Group, times: Sequence[float | None]) -> list[float]:
    return [time for index in group.members if (time := times[index]) is not None]


def _cuts(rows: Counter[float], total: int, params: SplittingParams) -> tuple[float, float | None]:
    moments = sorted(rows, reverse=True)
    test_from = instant(params.test_from)
    validation_from = instant(params.validation_from)
    if test_from is None and params.test > 0:
        keep = 2 if validation_from is None else 1
        test_from = _cut(moments, rows, params.test * total, keep)
    if validation_from is None:
        before = [moment for moment in moments if test_from is None or moment < test_from]
        validation_from = _cut(before, rows, params.validation * total, 1)
    return validation_from, test_from


def _cut(moments: Sequence[float], rows: Counter[float], wanted: float, keep: int) -> float:
    """Return the moment from which on the number of rows is nearest to what is wanted.

    Args:
        moments: Newest first.
        rows: Rows of each moment.
        wanted: Rows.
        keep: How many moments must stay before the cut.
    """
    if len(moments) <= keep:
        raise DataError(
            f"the groups' newest records have only {len(rows)} different times, too few to cut all splits. Use a field "
            "with finer times or smaller groups (splitting.group_by), name the cuts (splitting.validation_from, "
            "splitting.test_from), or split by hash or at random."
        )
    best, taken, distance = moments[0], 0, float("inf")
    for moment in moments[: len(moments) - keep]:
        taken += rows[moment]
        if abs(taken - wanted) >= distance:
            break
        best, distance = moment, abs(taken - wanted)
    return best

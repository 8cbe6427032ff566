"""What `summary.json` says of the splits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.splitting.assign import Assignment
from tasks.splitting.chronology import shown
from tasks.splitting.groups import Group, stratum_of
from tasks.splitting.leaks import Pair
from tasks.splitting.params import SplittingParams
from tasks.splitting.quota import is_tested
from tasks.store.records import Row

DIVIDED = ("train", "validation", "test")
SPLITS = (*DIVIDED, "heldout")
ORIGINS = ("task", "general")


def summarise(
    records: Sequence[Row],
    rows: Mapping[str, Sequence[Row]],
    groups: Sequence[Group],
    assignment: Assignment,
    leaks: Sequence[Pair],
    params: SplittingParams,
) -> dict[str, Any]:
    """Return rows by split, origin and stratum, groups, how far the shares are from those asked for, and the leaks.

    Args:
        records: The mixed records.
        rows: Rows of each split, leaks taken out.
        groups: Their groups.
        assignment: Splits of the groups.
        leaks: Training rows that were taken out.
        params: What was asked for.
    """
    strata = _strata(records, rows, groups, assignment, params)
    return {
        "mixed": len(records),
        "method": params.method,
        "rows": {name: len(rows[name]) for name in SPLITS},
        "origins": {
            name: {origin: sum(record["origin"] == origin for record in rows[name]) for origin in ORIGINS}
            for name in DIVIDED
        },
        "shares": _shares(records, rows, params),
        "groups": len(groups),
        "group_by": list(params.group_by),
        "largest_group": _largest(groups, assignment),
        "stratify_by": params.stratify_by,
        "strata": strata,
        "rare_strata": assignment.rare,
        "largest_deviation": _largest_deviation(strata),
        "time": shown(assignment.cuts) if assignment.cuts else None,
        "near_threshold": params.near_threshold,
        "leaks_removed": len(leaks),
        "leaks": [pair.row() for pair in leaks],
    }


def _shares(
    records: Sequence[Row], rows: Mapping[str, Sequence[Row]], params: SplittingParams
) -> dict[str, dict[str, float]]:
    """Return the shares asked for and met: of validation among all rows, of the test among the task's."""
    task = sum(record["origin"] != "general" for record in records)
    met = {"validation": len(rows["validation"]) / max(1, len(records)), "test": len(rows["test"]) / max(1, task)}
    asked = {"validation": params.validation, "test": params.test}
    return {name: {"asked": asked[name], "met": met[name], "deviation": met[name] - asked[name]} for name in asked}


def _strata(
    records: Sequence[Row],
    rows: Mapping[str, Sequence[Row]],
    groups: Sequence[Group],
    assignment: Assignment,
    params: SplittingParams,
) -> list[dict[str, Any]]:
    """Return a line for each stratum; leaks taken out of training count in `rows` and in no split."""
    whole = Counter(stratum_of(record, params.stratify_by) for record in records)
    here = {name: Counter(stratum_of(record, params.stratify_by) for record in rows[name]) for name in DIVIDED}
    grouped = Counter(group.stratum for group in groups)
    lines = []
    for stratum, count in sorted(whole.items()):
        asked = {"validation": params.validation, "test": params.test if is_tested(stratum, params) else 0.0}
        lines.append(
            {
                "stratum": stratum,
                "rows": count,
                "groups": grouped[stratum],
                **{name: here[name][stratum] for name in DIVIDED},
                "deviation": {name: here[name][stratum] / count - share for name, share in asked.items()},
                "rare": stratum in assignment.rare,
            }
        )
    return lines


def _largest(groups: Sequence[Group], assignment: Assignment) -> dict[str, Any] | None:
    largest = max(groups, key=lambda group: group.rows, default=None)
    if largest is None:
        return None
    return {"name": largest.name, "rows": largest.rows, "split": assignment.splits[largest.name]}


def _largest_deviation(strata: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the stratum and split that is farthest from its share, rare strata left out."""
    found = [
        {"stratum": line["stratum"], "split": name, "deviation": value}
        for line in strata
        if not line["rare"]
        for name, value in line["deviation"].items()
    ]
    return max(found, key=lambda entry: abs(entry["deviation"]), default=None)

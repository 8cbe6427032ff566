"""The splits as files."""

from pathlib import Path
from typing import Any

from tasks.errors import DataError, ProofError
from tasks.splitting.assign import Assignment, assign
from tasks.splitting.groups import Group, check_fields, make_groups, stratum_of
from tasks.splitting.leaks import Pair, close_leaks
from tasks.splitting.params import SplittingParams
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome

RECORDS = "records.jsonl"
DIVIDED = ("train", "validation", "test")
SPLITS = (*DIVIDED, "heldout")


def write_splits(mixed: Path, heldout: Path | None, params: SplittingParams, out: Path) -> Outcome:
    """Fill the stage's directory.

    Args:
        mixed: Directory of the mixing stage.
        heldout: Directory of the held-out records' ingest, or None.
        params: Shares, fields and thresholds.
        out: The directory to fill.

    Raises:
        ConfigError: A named field does not exist.
        DataError: A split is empty, a record comes twice, or there are leaks and they shall fail the run.
        ProofError: A leak is left, or rows went missing.
    """
    records = list(read_rows(mixed / RECORDS))
    held = list(read_rows(heldout / RECORDS)) if heldout is not None else []
    _check_records(records, held)
    check_fields(records, stratify_by=params.stratify_by, group_by=params.group_by)
    groups = make_groups(records, params.stratify_by, params.group_by)
    assignment = assign(groups, params)
    split_of = {records[index]["id"]: assignment.splits[group.name] for group in groups for index in group.members}
    rows = {name: [record for record in records if split_of[record["id"]] == name] for name in DIVIDED}
    rows["heldout"] = held
    others = {name: rows[name] for name in SPLITS if name != "train"}
    rows["train"], leaks, closest = close_leaks(rows["train"], others, params.near_threshold, params.on_leak)
    _check_splits(rows, len(records), len(leaks), params)
    for name in SPLITS:
        write_rows(out / f"{name}.jsonl", rows[name])
    counts = {name: len(rows[name]) for name in SPLITS} | {"leaks_removed": len(leaks)}
    summary = _summary(records, rows, groups, assignment, params.stratify_by)
    write_json(out / "summary.json", {**summary, **_leak_summary(leaks, closest, params)})
    return Outcome(counts=counts)


def _check_records(records: list[Row], held: list[Row]) -> None:
    for record in held:
        if record["origin"] != "heldout":
            raise DataError(
                f"{record['id']} is a {record['origin']} record: the held-out part takes held-out ones only"
            )
    seen: set[str] = set()
    for record in [*records, *held]:
        if record["id"] in seen:
            raise DataError(
                f"the record {record['id']} comes twice: is its file named twice, or also as held-out data?"
            )
        seen.add(record["id"])


def _check_splits(rows: dict[str, list[Row]], mixed: int, removed: int, params: SplittingParams) -> None:
    here = " + ".join(f"{len(rows[name])} {name}" for name in DIVIDED)
    if sum(len(rows[name]) for name in DIVIDED) + removed != mixed:
        raise ProofError(f"{mixed} mixed rows came in, but {here} + {removed} removed as leaks are not as many")
    if not rows["train"]:
        raise DataError(
            f"no training row is left ({here}, {removed} removed as leaks). Give more data, raise "
            "splitting.near_threshold, or take rows that repeat the held-out part out of the training files."
        )
    if not rows["validation"]:
        raise DataError(
            f"the validation split is empty ({here}). Give more data, raise splitting.validation, or choose fields "
            "with fewer values (splitting.stratify_by) or smaller groups (splitting.group_by)."
        )
    if params.test > 0 and not rows["test"] and not rows["heldout"]:
        raise DataError(
            f"the test split is empty and there is no held-out data ({here}): nothing could be measured. Give more "
            "data, raise splitting.test, name held-out files, or choose fields with fewer values or smaller groups."
        )


def _summary(
    records: list[Row], rows: dict[str, list[Row]], groups: list[Group], assignment: Assignment, stratify_by: str
) -> dict[str, Any]:
    strata: dict[str, dict[str, Any]] = {}
    for record in records:
        entry = strata.setdefault(stratum_of(record, stratify_by), {"rows": 0, **dict.fromkeys(DIVIDED, 0)})
        entry["rows"] += 1
    for name in DIVIDED:
        for record in rows[name]:
            strata[stratum_of(record, stratify_by)][name] += 1
    return {
        "mixed": len(records),
        "rows": {name: len(rows[name]) for name in SPLITS},
        "origins": {
            name: {origin: sum(record["origin"] == origin for record in rows[name]) for origin in ("task", "general")}
            for name in DIVIDED
        },
        "groups": len(groups),
        "largest_group": max((len(group.members) for group in groups), default=0),
        "stratify_by": stratify_by,
        "strata": [
            {"stratum": name, **entry, "rare": name in assignment.rare} for name, entry in sorted(strata.items())
        ],
        "rare_strata": assignment.rare,
    }


def _leak_summary(leaks: list[Pair], closest: list[Pair], params: SplittingParams) -> dict[str, Any]:
    return {
        "near_threshold": params.near_threshold,
        "leaks_removed": len(leaks),
        "leaks": [pair.row() for pair in leaks],
        "closest_pairs": [pair.row() for pair in closest],
    }

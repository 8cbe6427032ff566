"""The splits as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tasks.errors import DataError, ProofError
from tasks.mixing.choose import asked
from tasks.splitting.assign import assign
from tasks.splitting.chronology import read_times
from tasks.splitting.groups import check_fields, make_groups
from tasks.splitting.leaks import close_leaks, pairs_across, shared_groups
from tasks.splitting.params import SplittingParams
from tasks.splitting.summary import DIVIDED, SPLITS, summarise
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome

RECORDS = "records.jsonl"
OTHER_CHOICE = {
    "random": "choose fields with fewer values (splitting.stratify_by) or smaller groups (splitting.group_by)",
    "hash": "choose smaller groups (splitting.group_by); by hash small data may miss a share by chance",
    "time": "move the cuts (splitting.validation_from, splitting.test_from), or choose smaller groups",
}


def write_splits(mixed: Path, heldout: Path | None, params: SplittingParams, out: Path) -> Outcome:
    """Fill the stage's directory.

    Args:
        mixed: Directory of the mixing stage.
        heldout: Directory of the held-out records' ingest, or None.
        params: Method, shares, fields and thresholds.
        out: The directory to fill.

    Raises:
        ConfigError: A named field does not exist.
        DataError: A split is empty, a record comes twice, a time cannot be read, or there are rare strata or leaks and
            they shall fail the run.
        ProofError: Rows went missing.
    """
    records = list(read_rows(mixed / RECORDS))
    held = list(read_rows(heldout / RECORDS)) if heldout is not None else []
    _check_records(records, held)
    check_fields(records, stratify_by=[params.stratify_by], group_by=params.group_by, time_field=[params.time_field])
    texts = [asked(record) for record in records]
    groups = make_groups(records, texts, params.stratify_by, params.group_by)
    times = read_times(records, params) if params.method == "time" else []
    assignment = assign(groups, params, times)
    rows: dict[str, list[Row]] = {name: [] for name in SPLITS}
    split_of = {index: assignment.splits[group.name] for group in groups for index in group.members}
    for index, record in enumerate(records):
        rows[split_of[index]].append(record)
    rows["heldout"] = held
    known = {record["id"]: text for record, text in zip(records, texts, strict=True)}
    known |= {record["id"]: asked(record) for record in held}
    others = {name: rows[name] for name in SPLITS if name != "train"}
    pairs = pairs_across(rows["train"], others, known, params.near_threshold)
    pairs += shared_groups(rows["train"], held, params.group_by)
    rows["train"], leaks = close_leaks(rows["train"], pairs, params.on_leak)
    _check_splits(rows, len(records), max((group.rows for group in groups), default=0), len(leaks), params)
    for name in SPLITS:
        write_rows(out / f"{name}.jsonl", rows[name])
    summary = summarise(records, rows, groups, assignment, leaks, params)
    write_json(out / "summary.json", summary)
    return Outcome(counts=summary["rows"] | {"leaks_removed": len(leaks)})


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


def _check_splits(
    rows: Mapping[str, Sequence[Row]], mixed: int, largest: int, removed: int, params: SplittingParams
) -> None:
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
            f"the validation split is empty ({here}; the largest group has {largest} rows). Give more data, raise "
            "splitting.validation, or "
            f"{OTHER_CHOICE[params.method]}."
        )
    if params.test > 0 and not rows["test"] and not rows["heldout"]:
        raise DataError(
            f"the test split is empty and there is no held-out data ({here}; the largest group has {largest} rows): "
            "nothing could be measured. Give more data, raise splitting.test, name held-out files, or "
            f"{OTHER_CHOICE[params.method]}."
        )

"""The mixed set as files."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError, DataError
from tasks.mixing.choose import Choice, choose, rows_for_share
from tasks.mixing.params import MixingParams
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome

RECORDS = "records.jsonl"


def write_mix(unique: Path, general: Path | None, params: MixingParams, out: Path) -> Outcome:
    """Fill the stage's directory.

    Args:
        unique: Directory of the dedup stage.
        general: Directory of the general records' ingest, or None.
        params: With the share.
        out: The directory to fill.

    Raises:
        ConfigError: A share is asked for, but there are no general records; or a file is used as both.
        DataError: There are too few records.
    """
    if general is None and params.share > 0:
        raise ConfigError(
            f"mixing.share is {params.share:g}, but no general records were read. Name files in mixing.files, or set "
            "mixing.share to 0."
        )
    task = list(read_rows(unique / RECORDS))
    if not task:
        raise DataError("no task record is left to mix: see the quarantine and the duplicates of this run")
    offered = list(read_rows(general / RECORDS)) if general is not None else []
    _check_origins(task, offered)
    choice = choose(task, offered, rows_for_share(len(task), params.share), params.seed)
    chosen = [{**record, "group": record["id"]} for record in choice.chosen]
    write_rows(out / RECORDS, [*task, *chosen])
    write_json(out / "summary.json", _summary(task, chosen, len(offered), choice, params))
    return Outcome(counts={"task": len(task), "general": len(chosen)})


def _check_origins(task: list[Row], general: list[Row]) -> None:
    for record in general:
        if record["origin"] != "general":
            raise DataError(
                f"{record['id']} is a {record['origin']} record: mixing takes general ones beside the task's"
            )
    if shared := {record["file"] for record in task} & {record["file"] for record in general}:
        raise ConfigError(f"{', '.join(sorted(shared))} is read as task data and as general data: name it once")


def _summary(task: list[Row], general: list[Row], offered: int, choice: Choice, params: MixingParams) -> dict[str, Any]:
    mixed = [*task, *general]
    characters = {"task": _characters(task), "general": _characters(general)}
    return {
        "task": len(task),
        "general": len(general),
        "share": len(general) / len(mixed),
        "share_asked": params.share,
        "characters": characters,
        "share_of_characters": characters["general"] / max(1, sum(characters.values())),
        "sources": dict(sorted(Counter(source_of(record) for record in mixed).items())),
        "general_read": offered,
        "general_left_out": {
            "equal_to_task": choice.equal_to_task,
            "repeated": choice.repeated,
            "not_needed": choice.not_needed,
        },
    }


def source_of(record: Row) -> str:
    """Return where a record is from: what its row says in `source`, else its file."""
    return str(record["fields"].get("source") or record["file"])


def _characters(records: Iterable[Row]) -> int:
    return sum(
        len(record["text"]) + sum(len(message["content"]) for message in record["messages"]) for record in records
    )

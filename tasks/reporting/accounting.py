"""Where every row went: a line for each data stage, and an error when a row's way cannot be told."""

from collections.abc import Mapping
from typing import Any

from tasks.errors import DataError
from tasks.store.refs import Ref

LOSSES = (
    "quarantined", "duplicates", "conflicts", "equal_to_task", "near_task", "repeated", "not_needed",
    "leaks_removed", "dropped",
)  # fmt: skip
ORIGINS = ("task", "heldout", "general")
RAW_ROLES = {"task": "ingest", "heldout": "heldout", "general": "general"}
SCREENED_ROLES = {"task": "screening", "heldout": "screening_heldout", "general": "screening_general"}

Line = dict[str, Any]
Counts = Mapping[str, int]


def accounting(refs: Mapping[str, Ref]) -> list[Line]:
    """Return a line for each data stage: rows in, rows out, rows lost by cause, rows unaccounted for.

    Rows in are what the stages before gave, not what the stage says it read: a row lost between two stages shows too.
    Where the stages before are not known (a stage run by itself) they are None, and nothing is claimed.

    Args:
        refs: References by role.
    """
    counts = {role: ref.counts for role, ref in refs.items()}
    lines = []
    for origin in ORIGINS:
        role, screened = RAW_ROLES[origin], SCREENED_ROLES[origin]
        name = "" if origin == "task" else f" ({origin})"
        if role in counts:
            read = counts[role].get("read", 0)
            lines.append(_line(f"ingest{name}", read, counts[role].get("kept", 0), counts[role], "quarantined"))
        if screened in counts:
            given = _out(counts, role)
            lines.append(
                _line(f"screening{name}", given, counts[screened].get("kept", 0), counts[screened], "quarantined")
            )
    if "dedup" in counts:
        own = counts["dedup"]
        lines.append(_line("dedup", _ready(counts, "task"), own.get("unique", 0), own, "duplicates", "conflicts"))
    if "mixing" in counts:
        own = counts["mixing"]
        rows_in = _sum(_out(counts, "dedup", "unique"), _ready(counts, "general", absent=0))
        rows_out = own.get("task", 0) + own.get("general", 0)
        lines.append(_line("mixing", rows_in, rows_out, own, "equal_to_task", "near_task", "repeated", "not_needed"))
    if "splitting" in counts:
        own = counts["splitting"]
        rows_in = _sum(_mixed(counts), _ready(counts, "heldout", absent=0))
        rows_out = sum(own.get(name, 0) for name in ("train", "validation", "test", "heldout"))
        lines.append(_line("splitting", rows_in, rows_out, own, "leaks_removed"))
    if "rendering" in counts:
        own = counts["rendering"]
        rows_in = _sum(_out(counts, "splitting", "train"), _out(counts, "splitting", "validation"))
        rows_out = own.get("train_rows", 0) + own.get("validation_rows", 0)
        lines.append(_line("rendering", rows_in, rows_out, own, "dropped"))
    return lines


def check(lines: list[Line]) -> None:
    """Raise when a row went where no line can say.

    Raises:
        DataError: The figures of a stage do not add up.
    """
    wrong = [
        f"{line['stage']}: {line['in']} in, {line['out']} out, "
        + ", ".join(f"{rows} {cause.replace('_', ' ')}" for cause, rows in line["lost"].items())
        + f", {line['unaccounted']:+d} unaccounted for"
        for line in lines
        if line["unaccounted"]
    ]
    if wrong:
        raise DataError(
            "rows do not add up: "
            + "; ".join(wrong)
            + ". This is an error of the stage, not of the data: nothing is trained on it. Please report it with the "
            "cards of these stages; `finetune-flows clean` and another run rebuild them."
        )


def accounting_table(lines: list[Line]) -> list[dict[str, Any]]:
    """Return the lines as a flat table: only the causes that took a row anywhere are columns."""
    causes = [cause for cause in LOSSES if any(line["lost"].get(cause) for line in lines)]
    return [
        {
            "stage": line["stage"],
            "rows in": "not known" if line["in"] is None else line["in"],
            **{cause.replace("_", " "): line["lost"].get(cause, "") for cause in causes},
            "rows out": line["out"],
            "unaccounted": "not known" if line["unaccounted"] is None else line["unaccounted"],
        }
        for line in lines
    ]


def _line(stage: str, rows_in: int | None, rows_out: int, counts: Counts, *causes: str) -> Line:
    lost = {cause: counts.get(cause, 0) for cause in causes}
    unaccounted = None if rows_in is None else rows_in - rows_out - sum(lost.values())
    return {"stage": stage, "in": rows_in, "out": rows_out, "lost": lost, "unaccounted": unaccounted}


def _ready(counts: Mapping[str, Counts], origin: str, absent: int | None = None) -> int | None:
    """Return the rows of an origin after reading and screening; `absent` where it was not read at all."""
    known = [role for role in (SCREENED_ROLES[origin], RAW_ROLES[origin]) if role in counts]
    return _out(counts, known[0]) if known else absent


def _mixed(counts: Mapping[str, Counts]) -> int | None:
    return _sum(_out(counts, "mixing", "task"), _out(counts, "mixing", "general"))


def _out(counts: Mapping[str, Counts], role: str, name: str = "kept") -> int | None:
    return counts[role].get(name, 0) if role in counts else None


def _sum(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None

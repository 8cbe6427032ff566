"""What rendering did to each row, added up, and the budget it must keep to."""

from collections import Counter
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.rendering.chat import Rendered
from tasks.rendering.params import RenderingParams
from tasks.store.records import Row

AUDIT = "audit.jsonl"


def audit_line(record: Row, split: str, row: Rendered, fitted: Rendered, *, cut: bool) -> Row:
    """Return the audit of one row.

    Args:
        record: The row as it came.
        split: Where it belongs.
        row: As rendered.
        fitted: The same after the length limit.
        cut: Whether the limit cut it.
    """
    return {
        "id": record["id"],
        "split": split,
        "origin": record["origin"],
        "tokens": len(row.input_ids),
        "kept_tokens": len(fitted.input_ids),
        "supervised": fitted.supervised,
        "answers": len(row.spans),
        "whole_answers": fitted.turns,
        "truncated": cut,
        "dropped": fitted.cause,
    }


def summarise(lines: list[Row]) -> dict[str, Any]:
    """Add up the audit of one split."""
    kept = [line for line in lines if not line["dropped"]]
    lengths = sorted(line["kept_tokens"] for line in kept)
    return {
        "rows": len(lines),
        "kept": len(kept),
        "dropped": causes(lines),
        "truncated": sum(line["truncated"] for line in kept),
        "tokens": sum(lengths),
        "supervised_tokens": sum(line["supervised"] for line in kept),
        "longest": lengths[-1] if lengths else 0,
        "median": lengths[len(lengths) // 2] if lengths else 0,
    }


def causes(lines: list[Row]) -> dict[str, int]:
    """Return how many rows were dropped by each cause."""
    return dict(sorted(Counter(line["dropped"] for line in lines if line["dropped"]).items()))


def check_budget(audit: list[Row], params: RenderingParams, where: Path) -> None:
    """Stop when more rows were lost or cut than allowed, or when nothing is left to train or validate on.

    Args:
        audit: All lines.
        params: With the allowed shares.
        where: The audit's file, for the message.

    Raises:
        DataError: With the counts by cause and the first row of each.
    """
    read = f"The audit of every row: {where}"
    dropped = [line for line in audit if line["dropped"]]
    if len(dropped) > params.max_dropped_share * len(audit):
        first = {line["dropped"]: line for line in reversed(dropped)}
        listed = "; ".join(
            f"{cause}: {count}, first {first[cause]['id']} ({first[cause]['tokens']} tokens)"
            for cause, count in causes(audit).items()
        )
        raise DataError(
            f"rendering loses {len(dropped)} of {len(audit)} rows, more than the allowed "
            f"{params.max_dropped_share:.1%}: {listed}. Raise rendering.max_length for too_long, mend the rows, or "
            f"allow a larger rendering.max_dropped_share. {read}"
        )
    cut = [line for line in audit if line["truncated"] and not line["dropped"]]
    if len(cut) > params.max_truncated_share * len(audit):
        raise DataError(
            f"rendering cuts {len(cut)} of {len(audit)} rows, more than the allowed {params.max_truncated_share:.1%}; "
            f"the first is {cut[0]['id']} ({cut[0]['tokens']} tokens). Raise rendering.max_length, set "
            f"rendering.on_too_long to drop, or allow a larger rendering.max_truncated_share. {read}"
        )
    for split, purpose in (("train", "train on"), ("validation", "validate on")):
        if not any(line["split"] == split and not line["dropped"] for line in audit):
            raise DataError(
                f"no row of the {split} split is left to {purpose} after rendering ({causes(audit) or 'it is empty'}). "
                f"Give more data, or mend what dropped it. {read}"
            )

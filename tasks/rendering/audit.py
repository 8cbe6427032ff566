"""What rendering did to each row, added up, and the budget it must keep to."""

from collections import Counter
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.rendering.chat import Rendered
from tasks.rendering.lengths import advice, length_figures
from tasks.rendering.params import RenderingParams
from tasks.store.records import Row

AUDIT = "audit.jsonl"

REMEDIES = {
    "too_long": "raise rendering.max_length",
    "template_not_prefix_preserving": (
        "the template writes an earlier turn otherwise once another follows: set rendering.supervise to last, or "
        "choose another rendering.template"
    ),
    "refused_by_template": "the template has no place for such a conversation: choose another rendering.template",
    "tools_not_rendered": "the template passes over tools: choose one that knows them, as qwen-tools",
    "tool_call_not_rendered": "the template passes over tool calls: choose one that knows them, as qwen-tools",
    "turn_not_rendered": "the template passes over a turn: choose another rendering.template",
    "no_end_of_turn": "the template ends no turn with a token that generation stops at: choose another",
}
"""What to do about a cause, where it is not to mend the rows."""


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
        "rejected_turns": len(record.get("rejected") or []),
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
        "answers": sum(line["answers"] for line in kept),
        "whole_answers": sum(line["whole_answers"] for line in kept),
        "preference_rows": sum(line["rejected_turns"] > 0 for line in lines),
        "longest": lengths[-1] if lengths else 0,
        "median": lengths[len(lengths) // 2] if lengths else 0,
    }


def causes(lines: list[Row]) -> dict[str, int]:
    """Return how many rows were dropped by each cause."""
    return dict(sorted(Counter(line["dropped"] for line in lines if line["dropped"]).items()))


def lengths_of(audit: list[Row], params: RenderingParams, context: int | None) -> dict[str, Any]:
    """Return the figures of the lengths of all rows that could be rendered, long ones included."""
    tokens = [line["tokens"] for line in audit if line["tokens"]]
    return length_figures(tokens, params.max_dropped_share, context)


def check_budget(audit: list[Row], params: RenderingParams, where: Path, context: int | None = None) -> None:
    """Stop when more rows were lost or cut than allowed, or when nothing is left to train or validate on.

    Args:
        audit: All lines.
        params: With the allowed shares.
        where: The audit's file, for the message.
        context: Tokens that the model reads at most, if known.

    Raises:
        DataError: With the counts by cause, the first row of each, what to do, and the limits that would do.
    """
    read = f"The audit of every row: {where}"
    dropped = [line for line in audit if line["dropped"]]
    lengths = lengths_of(audit, params, context)
    if len(dropped) > params.max_dropped_share * len(audit):
        first = {line["dropped"]: line for line in reversed(dropped)}
        counts = causes(audit)
        listed = "; ".join(
            f"{cause}: {count}, first {first[cause]['id']} ({first[cause]['tokens']} tokens)"
            for cause, count in counts.items()
        )
        todo = "".join(f" For {cause}, {REMEDIES[cause]}." for cause in counts if cause in REMEDIES)
        limits = f" {advice(lengths)}" if {"too_long", "emptied_by_truncation"} & set(counts) else ""
        raise DataError(
            f"rendering loses {len(dropped)} of {len(audit)} rows, more than the allowed "
            f"{params.max_dropped_share:.1%}: {listed}.{todo} Or mend the rows, or allow a larger "
            f"rendering.max_dropped_share.{limits} {read}"
        )
    cut = [line for line in audit if line["truncated"] and not line["dropped"]]
    if len(cut) > params.max_truncated_share * len(audit):
        raise DataError(
            f"rendering cuts {len(cut)} of {len(audit)} rows, more than the allowed {params.max_truncated_share:.1%}; "
            f"the first is {cut[0]['id']} ({cut[0]['tokens']} tokens). Raise rendering.max_length, set "
            "rendering.on_too_long to drop, or allow a larger rendering.max_truncated_share. "
            f"{advice(lengths)} {read}"
        )
    for split, purpose in (("train", "train on"), ("validation", "validate on")):
        if not any(line["split"] == split and not line["dropped"] for line in audit):
            raise DataError(
                f"no row of the {split} split is left to {purpose} after rendering ({causes(audit) or 'it is empty'}). "
                f"Give more data, or mend what dropped it. {read}"
            )

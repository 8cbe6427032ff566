"""How long rows are, and what each limit would cost."""

import math
from collections.abc import Sequence
from typing import Any

BINS = 24
PERCENTILES = (50, 75, 90, 95, 99, 100)
SMALL_STEP, STEP = 32, 64


def length_figures(lengths: Sequence[int], share: float, context: int | None = None) -> dict[str, Any]:
    """Return percentiles, a histogram, a suggested limit and what it and others would lose.

    Args:
        lengths: Tokens of each row that could be rendered, whole.
        share: Rows that may be lost to the limit, 0 to 1.
        context: Tokens that the model reads at most, if known: no limit above it is offered.
    """
    if not lengths:
        return {"rows": 0, "percentiles": {}, "bins": [], "suggested_max_length": None, "choices": []}
    suggested = suggest(lengths, share, context)
    offered = {suggested, *(suggest(lengths, lost, context) for lost in (0.0, 0.01, 0.05, 0.1, 0.25))}
    return {
        "rows": len(lengths),
        "percentiles": {f"p{percent}": percentile(lengths, percent) for percent in PERCENTILES},
        "bins": histogram(lengths),
        "suggested_max_length": suggested,
        "choices": [loss_at(lengths, limit) for limit in sorted(offered)],
    }


def percentile(lengths: Sequence[int], percent: float) -> int:
    """Return the smallest length that at least so many percent of the rows do not exceed (nearest rank)."""
    ordered = sorted(lengths)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def histogram(lengths: Sequence[int]) -> list[dict[str, int]]:
    """Return at most `BINS` bins of equal width from zero: rows with `above` < tokens <= `up_to`."""
    width = max(1, math.ceil(max(lengths) / BINS))
    counts = [0] * math.ceil(max(lengths) / width)
    for length in lengths:
        counts[max(0, math.ceil(length / width) - 1)] += 1
    return [{"above": at * width, "up_to": (at + 1) * width, "rows": count} for at, count in enumerate(counts)]


def suggest(lengths: Sequence[int], share: float, context: int | None = None) -> int:
    """Return the smallest limit that loses at most a share of the rows.

    It is a multiple of 64 tokens, below 512 of 32: sizes that matrix units take without a remainder.
    """
    allowed = math.floor(share * len(lengths))
    needed = sorted(lengths, reverse=True)[allowed] if allowed < len(lengths) else 1
    step = SMALL_STEP if needed <= 8 * STEP else STEP
    limit = math.ceil(needed / step) * step
    return min(limit, context) if context else limit


def loss_at(lengths: Sequence[int], limit: int) -> dict[str, Any]:
    """Return what a limit would cost: rows over it (dropped or cut), and the tokens beyond it in those rows."""
    over = [length for length in lengths if length > limit]
    return {
        "max_length": limit,
        "rows_over": len(over),
        "share_over": round(len(over) / len(lengths), 6),
        "tokens_in_rows_over": sum(over),
        "tokens_beyond": sum(over) - limit * len(over),
    }


def advice(figures: dict[str, Any]) -> str:
    """Return the suggestion as sentences for an error message, or an empty string."""
    if not figures["choices"]:
        return ""
    choices = "; ".join(
        f"{choice['max_length']} loses {choice['rows_over']} rows ({choice['share_over']:.1%})"
        for choice in figures["choices"]
    )
    return f"Suggested: rendering.max_length {figures['suggested_max_length']}. Of {figures['rows']} rows, {choices}."

"""Names of rows and figures for readers, and numbers as they are shown."""

from collections.abc import Iterable, Mapping
from typing import Any

FIGURES = {
    "valid": "valid JSON",
    "schema_valid": "valid by the schema",
    "match": "record match",
    "field_accuracy": "field accuracy",
}


def figure_label(metric: str, figure: str, *, several: bool) -> str:
    """Return what a figure of a metric is called; the metric is named too where there are several.

    Args:
        metric: Name of the metric.
        figure: Name of its figure.
        several: Whether the run has more than one metric.
    """
    plain = FIGURES.get(figure, figure.replace("_", " "))
    return f"{metric}: {plain}" if several else plain


def row_label(row: Mapping[str, Any], *, several: bool) -> str:
    """Return what a row of the verdict is called: `extraction: match` is the record match."""
    metric, colon, rest = str(row["name"]).partition(": ")
    if colon and rest == row.get("metric"):
        return figure_label(metric, rest, several=several)
    return str(row["name"])


def several_metrics(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether the rows of a verdict are of more than one metric."""
    parts = [(str(row["name"]).partition(": "), row.get("metric")) for row in rows]
    return len({name for (name, _colon, rest), metric in parts if rest and rest == metric}) > 1


def is_quiet(row: Mapping[str, Any]) -> bool:
    """Return whether a row could only have failed and did not: one of many, for whoever looks closer."""
    return row["outcome"] == "shown" and row.get("margin") is not None and "guardrail" not in row["name"]


def percent(share: float | None) -> str:
    """Return a share as a percentage with one decimal, or a dash."""
    return "–" if share is None else f"{100 * share:.1f}"


def points(share: float | None) -> str:
    """Return a difference of shares in percentage points with its sign, or a dash."""
    return "–" if share is None else f"{100 * share + 0.0:+.1f}"


def interval(line: Mapping[str, Any]) -> str:
    """Return an interval in percentage points, or a dash."""
    return "–" if line["low"] is None else f"{points(line['low'])} to {points(line['high'])}"


def counted(counts: Mapping[str, Any] | None) -> str:
    """Return `ok` of `n` as words, or a dash."""
    return f"{counts['ok']} of {counts['n']}" if counts else "–"

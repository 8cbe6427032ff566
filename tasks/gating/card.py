"""Run card of the gate."""

from pathlib import Path
from typing import Any

from tasks.gating.verdict import VERDICT_FILE
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

HEADINGS = {
    "pass": "Pass: the tuned model may be released",
    "fail": "Fail: the tuned model is not released",
    "inconclusive": "Inconclusive: the tuned model is not released",
}
COLUMNS = ["row", "metric", "n", "base", "tuned", "difference", "interval", "margin", "rule", "outcome"]


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: the outcome, a row for each comparison, the reasons, how intervals were made."""
    verdict = read_json(directory / VERDICT_FILE)
    rows = [_cells(row) for row in verdict["rows"]]
    reasons = "\n".join(f"- {reason}" for reason in verdict["reasons"])
    return f"## {HEADINGS[verdict['outcome']]}\n\n{table(COLUMNS, rows)}\n{reasons}\n\n{verdict['method']}\n"


def _cells(row: dict[str, Any]) -> list[Any]:
    numbers = [_number(row[name], "") for name in ("base", "tuned")]
    interval = "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
    margin = _number(row["margin"], "+") if row["low"] is not None else ""
    difference, outcome = _number(row["difference"], "+"), f"**{row['outcome']}**"
    return [row["name"], row["metric"], row["n"], *numbers, difference, interval, margin, row["rule"], outcome]


def _number(value: float | None, sign: str) -> str:
    return "" if value is None else f"{value:{sign}.3f}"

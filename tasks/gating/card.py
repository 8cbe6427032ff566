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
COLUMNS = ["row", "metric", "n", "base or champion", "tuned", "difference", "interval", "margin", "rule", "outcome"]


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: the outcome, a row for each comparison, the reasons, how intervals were made."""
    verdict = read_json(directory / VERDICT_FILE)
    rows = [_cells(row) for row in verdict["rows"]]
    reasons = "\n".join(f"- {reason}" for reason in verdict["reasons"])
    parts = [f"## {HEADINGS[verdict['outcome']]}\n", table(COLUMNS, rows), reasons, f"\n{verdict['method']}\n"]
    if champion := verdict["champion"]:
        parts.insert(1, f"The champion is **{champion}**.\n")
    if noise := verdict["noise"]:
        gains = ", ".join(f"{gain:+.3f}" for gain in noise["gains"])
        parts.append(
            f"Noise floor: {noise['trainings']} trainings gained {gains}; standard deviation {noise['sd']:.4f}, "
            f"floor {noise['floor']:.4f}.\n"
        )
    if policy := verdict["policy"]:
        parts.append(f"Policy `{policy['file']}`, sha256 `{policy['sha256']}`:\n\n{_quoted(policy['text'])}\n")
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """Return text as an indented block: no fence that the text itself could close."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _cells(row: dict[str, Any]) -> list[Any]:
    numbers = [_number(row[name], "") for name in ("base", "tuned")]
    interval = "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
    margin = _number(row["margin"], "+") if row["low"] is not None else ""
    difference, outcome = _number(row["difference"], "+"), f"**{row['outcome']}**"
    return [row["name"], row["metric"], row["n"], *numbers, difference, interval, margin, row["rule"], outcome]


def _number(value: float | None, sign: str) -> str:
    return "" if value is None else f"{value:{sign}.3f}"

"""Run card of rendering."""

from pathlib import Path
from typing import Any

from tasks.rendering.child import SPLITS
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

# A row may hold a fence of its own: this one is longer than any that people write.
FENCE = "~" * 8
DATED = (
    "This template can write the day it is run on: what the model is asked later is not quite what it was trained on."
)


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: tokens and losses for each split, lengths and limits, and one row with its mask shown."""
    summary = read_json(directory / "summary.json")
    parts = {name: summary[name] for name in SPLITS}
    rows = [
        [
            name,
            part["rows"],
            part["kept"],
            ", ".join(f"{cause} {count}" for cause, count in part["dropped"].items()) or "none",
            part["truncated"],
            part["tokens"],
            part["supervised_tokens"],
            part["median"],
            part["longest"],
        ]
        for name, part in parts.items()
    ]
    columns = ["split", "rows", "kept", "dropped", "truncated", "tokens", "supervised", "median", "longest"]
    template = summary["template"]
    preference = sum(part["preference_rows"] for part in parts.values())
    lines = [
        f"Template: {template['choice']}, sha256 `{template['sha256'][:16]}`; loss on {summary['supervise']} answers.",
        *([DATED] if template["dated"] else []),
        *([f"{preference} preference rows: only the chosen answers are rendered."] if preference else []),
    ]
    return (
        table(columns, rows)
        + "\n"
        + "\n\n".join(lines)
        + "\n\n"
        + _lengths(directory, summary)
        + f"\nLoss is taken between « and »:\n\n{FENCE}\n{summary['sample']}\n{FENCE}\n"
    )


def _lengths(directory: Path, summary: dict[str, Any]) -> str:
    figures, limit = summary["lengths"], summary["max_length"]
    spread = ", ".join(f"{name} {tokens}" for name, tokens in figures["percentiles"].items())
    choices = [
        [choice["max_length"], choice["rows_over"], f"{choice['share_over']:.1%}", choice["tokens_beyond"]]
        for choice in figures["choices"]
    ]
    return (
        f"Tokens of all rows: {spread}. The limit is {limit}, suggested {figures['suggested_max_length']}. "
        f"Histogram: `{directory / 'notes' / 'lengths.svg'}`\n\n"
        + table(["a limit of", "rows over it", "share", "tokens cut when truncated"], choices)
    )

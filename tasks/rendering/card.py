"""Run card of rendering."""

from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: tokens and losses for each split, and one row with its mask shown."""
    summary = read_json(directory / "summary.json")
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
        for name, part in summary.items()
        if name != "sample"
    ]
    columns = ["split", "rows", "kept", "dropped", "truncated", "tokens", "supervised", "median", "longest"]
    # A row may hold a fence of its own: this one is longer than any that people write.
    fence = "~" * 8
    return table(columns, rows) + f"\nLoss is taken between « and »:\n\n{fence}\n{summary['sample']}\n{fence}\n"

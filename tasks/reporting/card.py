"""Run card of the report."""

from pathlib import Path

from tasks.reporting.results import results_table
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: the verdict, before and after, and where the report lies."""
    found = read_json(directory / "results.json")
    rows = results_table(found)
    shown = table(list(rows[0]), [list(row.values()) for row in rows]) if rows else "Nothing was evaluated.\n"
    return (
        f"## {found['name']}: {found['outcome']}\n\n{shown}\nReport: open `{directory / 'report.html'}` in a browser\n"
    )

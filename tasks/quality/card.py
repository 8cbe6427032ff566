"""Run card of quality."""

from pathlib import Path

from tasks.quality.page import markdown
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: the report, and where its rows are listed."""
    return markdown(read_json(directory / "report.json")) + "\nEach row that a finding speaks of: `issues.jsonl`\n"

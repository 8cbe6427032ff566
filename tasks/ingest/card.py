"""Run card of ingest."""

from pathlib import Path

from tasks.ingest.budget import reason_table
from tasks.ingest.params import IngestParams
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: what became of each file's rows, and why rows were put aside."""
    summary = read_json(directory / "summary.json")
    columns = ["file", "format", "read", "kept", "quarantined"]
    text = table(columns, [[entry[name] for name in columns] for entry in summary["files"]])
    if not summary["reasons"]:
        return text + "\nNo row was put aside.\n"
    params = IngestParams.model_validate(manifest.params)
    reasons = reason_table(summary["reasons"], sum(entry["read"] for entry in summary["files"]), params)
    return f"{text}\n{reasons}\nEach with file, row and detail: `quarantine.jsonl`\n"

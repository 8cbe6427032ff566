"""Run card of ingest."""

from pathlib import Path
from typing import Any

from tasks.ingest.budget import example_list, reason_table
from tasks.ingest.params import IngestParams
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

SHOWN = 20
_FIGURES = ["read", "kept", "quarantined"]


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: what became of each file's rows, why rows were put aside, what of the others was not read."""
    summary = read_json(directory / "summary.json")
    params = IngestParams.model_validate(manifest.params)
    parts = [
        _table(["file", "format", *_FIGURES], summary["files"]),
        _formats(summary),
        _reasons(summary, params),
        _notes(summary, params),
    ]
    return "\n".join(part for part in parts if part)


def _table(columns: list[str], entries: list[dict[str, Any]]) -> str:
    shown = table(columns, [[entry[name] for name in columns] for entry in entries[:SHOWN]])
    return shown + _more(len(entries))


def _more(count: int) -> str:
    return f"\nand {count - SHOWN} more, in `summary.json`\n" if count > SHOWN else ""


def _formats(summary: dict[str, Any]) -> str:
    """Return the figures of each format, where they say more than those of the files."""
    if len(summary["files"]) == 1 and len(summary["formats"]) == 1:
        return ""
    entries = [{"format": form, **figures} for form, figures in summary["formats"].items()]
    converted = sum(sum(entry["converted"].values()) for entry in summary["files"])
    sentence = f"\n{converted} rows were read in another format than their file's.\n" if converted else ""
    return _table(["format", *_FIGURES], entries) + sentence


def _reasons(summary: dict[str, Any], params: IngestParams) -> str:
    if not summary["reasons"]:
        return "No row was put aside.\n"
    text = reason_table(summary["reasons"], sum(entry["read"] for entry in summary["files"]), params)
    text += f"\nThe first of each:\n{example_list(summary['examples'])}"
    if len(summary["files"]) > 1:
        rows = [
            {"file": entry["file"], "format": entry["format"], "reason": reason, "rows": count}
            for entry in summary["files"]
            for reason, count in entry["reasons"].items()
        ]
        text += "\n" + _table(["file", "format", "reason", "rows"], rows)
    return text + "\nEach with file, row and detail: `quarantine.jsonl`\n"


def _notes(summary: dict[str, Any], params: IngestParams) -> str:
    """Return what is worth knowing about the rows that were kept."""
    text = ""
    if columns := summary["unread_columns"]:
        entries = [{"not read": name, "rows": count} for name, count in columns.items()]
        text += "Lists and objects that the format does not know; records are without them "
        text += "(`ingest.unknown_fields: quarantine` refuses such rows):\n\n" + _table(["not read", "rows"], entries)
    if params.languages:
        found = ", ".join(f"{code} {count}" for code, count in summary["languages"].items()) or "none"
        text += f"\nLanguage of the answers kept: {found}. Undecided are texts too short or unclear to tell.\n"
    return text

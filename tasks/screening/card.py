"""Run card of screening."""

from itertools import islice
from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Manifest

SHOWN = 10


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: what became of the rows, what was found by kind, where the first findings are."""
    summary = read_json(directory / "summary.json")
    text = table(
        ["read", "kept", "of these masked", "quarantined"],
        [[summary[name] for name in ("read", "kept", "masked", "quarantined")]],
    )
    if not summary["kinds"]:
        return text + "\nNo personal data, no secret and no refusal was found.\n"
    actions = [[name, manifest.params.get(name), summary["rows_with"][name]] for name in summary["rows_with"]]
    text += "\n" + table(["what", "set to", "rows with it"], actions)
    kinds = [[kind, line["found"], line["rows"]] for kind, line in summary["kinds"].items()]
    text += "\n" + table(["kind", "found", "rows"], kinds)
    first = islice(read_rows(directory / "findings.jsonl"), SHOWN)
    text += "\n## The first findings\n\n" + table(
        ["row", "kind", "where", "characters", "done"],
        [[line["id"], line["kind"], line["where"], line["length"], line["action"]] for line in first],
    )
    return text + "\nAll of them: `findings.jsonl` (values are never written there)\n"

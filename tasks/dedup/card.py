"""Run card of dedup."""

from itertools import islice
from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Manifest

SHOWN = 5


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: rows in and out of each pass, a few groups, the contradictions."""
    summary = read_json(directory / "summary.json")
    kept = manifest.params.get("on_conflict") == "keep"
    rows = [["contradictions", summary["read"], summary["conflicts"]]]
    rows += [[line["pass"], line["rows"], line["removed"]] for line in summary["passes"]]
    duplicates = summary["exact"] + summary["minhash"] + summary["embedding"]
    text = table(["pass", "rows in", "removed"], rows)
    text += (
        f"\n{summary['read']} read = {summary['unique']} unique + {duplicates} duplicates + {summary['conflicts']} "
        "dropped as contradictions\n"
    )
    if summary["too_long_to_embed"]:
        text += f"\n{summary['too_long_to_embed']} rows were too long for the embedding model: kept, not compared.\n"
    members = [
        [line["kept"], member["id"], member["method"], member["similarity"]]
        for line in islice(read_rows(directory / "groups.jsonl"), SHOWN)
        for member in line["members"]
    ]
    if members:
        text += "\n## Some groups\n\n" + table(["kept", "stands for", "found by", "similarity"], members)
    if summary["conflict_sets"]:
        shown = islice(read_rows(directory / "conflicts.jsonl"), SHOWN)
        text += (
            f"\n## Equal prompts, different answers: {summary['conflict_sets']} ({'kept' if kept else 'dropped'})\n\n"
        )
        text += table(["rows"], [[", ".join(row["id"] for row in line["rows"])] for line in shown])
    return text

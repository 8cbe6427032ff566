"""Run card of dedup."""

from itertools import islice
from pathlib import Path
from typing import Any

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
    if figures := summary["embedding_figures"]:
        text += _embedding(figures, summary["unknown_to_embed"])
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


def _embedding(figures: dict[str, Any], unknown: int) -> str:
    """Return how the paraphrases were looked for, and how far the backends agree where both were asked."""
    search, agreed = figures["search"], figures["agreement"]
    text = f"\n## Paraphrases\n\nBackend: {figures['backend']}, from a cosine of {figures['threshold']:.3f}.\n\n"
    text += table(list(search), [list(search.values())])
    if unknown:
        text += f"\n{unknown} rows are mostly words that the model does not know: kept, not compared.\n"
    if agreed:
        text += "\nThe static backend against the full model, on a sample:\n\n"
        text += table(list(agreed), [list(agreed.values())])
    return text

"""Run card of evaluation."""

from itertools import islice
from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Manifest

EXAMPLES = 3
SHOWN_CHARACTERS = 300


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: figures of the task, of each field, of general ability, and some answers."""
    scores = read_json(directory / "scores.json")
    task, general = scores["task"], scores["general"]
    figures = [
        ["right fields (mean over items)", _percent(task["field_accuracy"])],
        ["whole records right", _percent(task["record_match"])],
        ["answers that are one JSON object, nothing else", _percent(task["valid_json"])],
        ["answers cut at the length limit", task["cut"]],
    ]
    rows = [
        [name, part["n"], _percent(part["accuracy"]), _percent(part["chance"])]
        for name, part in general["tasks"].items()
    ]
    if len(rows) > 1:
        rows.append(["all", general["n"], _percent(general["accuracy"]), _percent(general["chance"])])
    parts = [
        f"The **{scores['model']}** model in {scores['dtype']}, adapter on {scores['adapter_layers']} layers.\n",
        f"## Task: {task['n']} {task['set']} items\n",
        table(["figure", "value"], figures),
        "An answer that is not valid counts as wrong in every field.\n",
    ]
    if task["fields"]:
        parts.append(table(["field", "right"], [[name, _percent(share)] for name, share in task["fields"].items()]))
    parts += ["## General ability\n", table(["task", "items", "right", "by chance"], rows), "## Answers\n"]
    examples = islice(read_rows(directory / "task_items.jsonl"), EXAMPLES)
    shown = [[row["id"], _short(row["expected"]), _short(row["answer"])] for row in examples]
    parts.append(table(["item", "expected", "answer"], shown))
    return "\n".join(parts)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _short(text: str) -> str:
    cut = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    # Backticks keep a model's babble from being read as markdown.
    return "`" + cut.replace("`", "'").replace("\n", " ") + "`"

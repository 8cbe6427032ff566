"""Run card of evaluation."""

from itertools import islice
from pathlib import Path
from typing import Any

from tasks.store.cards import table
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Manifest

EXAMPLES = 3
SHOWN_CHARACTERS = 300
SHOWN_ROWS = 30


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: each metric's figures and tables, guardrails, general ability, and some answers."""
    scores = read_json(directory / "scores.json")
    task = scores["task"]
    parts = [
        f"The **{scores['model']}** model in {scores['dtype']} on {scores['engine']}, adapter on "
        f"{scores['adapter_layers']} layers.\n",
        f"## Task: {task['n']} {task['set']} items\n",
        f"{task['cut']} answers were cut at the length limit.\n",
    ]
    for name, summary in task["metrics"].items():
        parts += _metric(name, summary, decides=name == next(iter(task["metrics"])))
    parts += _guardrails(scores["guardrails"])
    parts += _general(scores["general"], read_json(directory / "notes" / "general.json"))
    examples = islice(read_rows(directory / "task_items.jsonl"), EXAMPLES)
    shown = [[row["id"], _short(row["expected"]), _short(row["answer"])] for row in examples]
    parts += ["## Answers\n", table(["item", "expected", "answer"], shown)]
    return "\n".join(parts)


def _metric(name: str, summary: dict[str, Any], *, decides: bool) -> list[str]:
    title = f"### {name}" + (" (decides)" if decides else "") + "\n"
    figures = [
        [f"**{figure}**" if figure == summary["main"] else figure, _percent(value)]
        for figure, value in summary["figures"].items()
    ]
    parts = [title, f"{summary['n']} items, {summary['kind']}.\n", table(["figure", "value"], figures)]
    for one in summary["tables"]:
        rows = one["rows"]
        left_out = f" (the first {SHOWN_ROWS} of {len(rows)} rows)" if len(rows) > SHOWN_ROWS else ""
        parts += [f"{one['title']}{left_out}:\n", table(one["columns"], rows[:SHOWN_ROWS])]
    return parts


def _guardrails(guarded: dict[str, Any] | None) -> list[str]:
    if guarded is None:
        return ["## Guardrails\n", "No probes were asked (evaluation.guardrails.kinds).\n"]
    rows = [
        [kind, part["n"], part["ok"], _percent(part["ok"] / part["n"]) if part["n"] else part.get("note", "")]
        for kind, part in guarded["kinds"].items()
    ]
    parts = ["## Guardrails\n", table(["probes", "asked", "behaved", "share"], rows)]
    if guarded["left_out"]:
        parts.append(f"Too long for the model's context and not asked: {', '.join(guarded['left_out'])}.\n")
    return parts


def _general(general: dict[str, Any], asked: dict[str, int]) -> list[str]:
    rows = [
        [name, part["n"], _percent(part["accuracy"]), _percent(part["chance"]), _dirt(part.get("contamination"))]
        for name, part in general["tasks"].items()
    ]
    if len(rows) > 1:
        rows.append(["all", general["n"], _percent(general["accuracy"]), _percent(general["chance"]), ""])
    parts = ["## General ability\n", table(["task", "items", "right", "by chance", "in the training rows"], rows)]
    if asked["known_before"]:
        parts.append(
            f"{asked['known_before']} answers were known from an earlier evaluation of the same model, "
            f"{asked['asked']} were asked now.\n"
        )
    return parts


def _dirt(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not looked for"
    if not found["checked"]:
        return f"not checked: {found['why']}"
    if not found["contaminated"]:
        return "0 items"
    clean = "none" if found["clean_accuracy"] is None else _percent(found["clean_accuracy"])
    return f"{found['contaminated']} items; right without them: {clean}"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _short(text: str) -> str:
    cut = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    # Backticks keep a model's babble from being read as markdown.
    return "`" + cut.replace("`", "'").replace("\n", " ") + "`"

"""Before and after: the figures of both models side by side, as numbers and as a table."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.reporting.collect import Stages, file_of, rows_of
from tasks.reporting.contamination import contamination
from tasks.reporting.examples import item_fields
from tasks.reporting.labels import counted, figure_label, interval, percent, points

Comparison = dict[str, Any]
Scores = Mapping[str, Any] | None
EVALUATION = "evaluation_"
MODELS = ("base", "tuned")


def results(name: str, stages: Stages, approval: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of `results.json`.

    Args:
        name: The run's name.
        stages: The run's stages.
        approval: What a person decided about the model; None when nobody was asked.
    """
    scores = {model: file_of(stages, EVALUATION + model, "scores.json") for model in models(stages)}
    verdict = file_of(stages, "gating", "verdict.json")
    return {
        "name": name,
        "outcome": verdict["outcome"] if verdict else "not gated",
        "verdict": verdict,
        "approval": dict(approval) if approval else None,
        "comparisons": comparisons(scores["base"], scores["tuned"], verdict),
        "benchmarks": benchmarks(scores["base"], scores["tuned"], file_of(stages, "leakage", "summary.json")),
        "scores": scores,
        "stages": {role: stage.ref.name for role, stage in stages.items()},
        "counts": {role: stage.ref.counts for role, stage in stages.items()},
    }


def models(stages: Stages) -> list[str]:
    """Return the models that a run measures: base and tuned, then others such as the champion."""
    others = {role.removeprefix(EVALUATION) for role in stages if role.startswith(EVALUATION)} - set(MODELS)
    return [*MODELS, *sorted(others)]


def comparisons(base: Scores, tuned: Scores, verdict: Any) -> list[Comparison]:
    """Return a line for each figure that at least one of the models has: both, interval, margin, verdict."""
    gates = {row["name"]: row for row in (verdict or {}).get("rows", [])}
    found = []
    for label, gate_name, before, after in (*_task(base, tuned), *_general(base, tuned), *_guardrails(base, tuned)):
        gate = gates.get(gate_name, {})
        found.append(
            {
                "metric": label,
                "base": before,
                "tuned": after,
                "difference": None if before is None or after is None else after - before,
                "low": gate.get("low"),
                "high": gate.get("high"),
                "margin": gate.get("margin"),
                "verdict": gate.get("outcome", "shown"),
            }
        )
    return found


Line = tuple[str, str, float | None, float | None]


def _task(base: Scores, tuned: Scores) -> Iterator[Line]:
    """Yield each figure of each metric, and the row of the gate that judges it; the deciding figure goes first."""
    before, after = _metrics(base), _metrics(tuned)
    names = list(dict.fromkeys([*after, *before]))
    for place, name in enumerate(names):
        sides = [side.get(name) or {} for side in (before, after)]
        main = sides[1].get("main") or sides[0].get("main")
        figures = dict.fromkeys(figure for side in sides for figure in side.get("figures", {}))
        for figure in sorted(figures, key=lambda figure: figure != main):
            deciding = "task gain" if place == 0 else f"metric: {name}"
            values = [side.get("figures", {}).get(figure) for side in sides]
            label = figure_label(name, figure, several=len(names) > 1)
            yield label, deciding if figure == main else f"{name}: {figure}", values[0], values[1]


def _metrics(scores: Scores) -> dict[str, Any]:
    task = (scores or {}).get("task") or {}
    return {name: summary for name, summary in (task.get("metrics") or {}).items() if summary["n"]}


def _general(base: Scores, tuned: Scores) -> Iterator[Line]:
    before, after = (_accuracy((scores or {}).get("general")) for scores in (base, tuned))
    if before is not None or after is not None:
        yield "general accuracy", "general drop", before, after


def _accuracy(section: Mapping[str, Any] | None) -> float | None:
    return float(section["accuracy"]) if section and section.get("n") else None


def _guardrails(base: Scores, tuned: Scores) -> Iterator[Line]:
    sides = [((scores or {}).get("guardrails") or {}).get("kinds") or {} for scores in (base, tuned)]
    for kind in dict.fromkeys(kind for side in reversed(sides) for kind in side):
        counts = [side.get(kind) for side in sides]
        before, after = (one["ok"] / one["n"] if one and one["n"] else None for one in counts)
        yield f"guardrail: {kind}", f"guardrail: {kind}", before, after


def guardrails(scores: Mapping[str, Scores]) -> list[dict[str, str]]:
    """Return for each kind of probe on how many each model behaved, as text."""
    sides = {model: ((one or {}).get("guardrails") or {}).get("kinds") or {} for model, one in scores.items()}
    kinds = dict.fromkeys(kind for side in sides.values() for kind in side)
    return [{"kind": kind, **{model: counted(side.get(kind)) for model, side in sides.items()}} for kind in kinds]


def benchmarks(base: Scores, tuned: Scores, leakage: Any) -> list[dict[str, Any]]:
    """Return a line for each general task: items, accuracy of both, chance, and what training rows hold of it."""
    sides = [((scores or {}).get("general") or {}).get("tasks") or {} for scores in (base, tuned)]
    found = contamination(tuned or base, leakage)
    names = dict.fromkeys(name for side in reversed(sides) for name in side)
    return [
        {
            "name": name,
            "n": next(side[name]["n"] for side in sides if name in side),
            "base": _accuracy(sides[0].get(name)),
            "tuned": _accuracy(sides[1].get(name)),
            "chance": next(side[name].get("chance") for side in sides if name in side),
            "contamination": found.get(name),
        }
        for name in names
    ]


def results_table(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the comparisons of `results.json` as the rows of a table with units in its headings."""
    return [
        {
            "metric": line["metric"],
            "base (%)": percent(line["base"]),
            "tuned (%)": percent(line["tuned"]),
            "difference (points)": points(line["difference"]),
            "interval (points)": interval(line),
            "margin (points)": points(line["margin"]),
            "verdict": line["verdict"],
        }
        for line in found["comparisons"]
    ]


def categories(stages: Stages) -> list[dict[str, Any]]:
    """Return accuracy of both models for each category of general items (or task, where there is one category)."""
    sums: dict[str, dict[str, list[float]]] = {}
    for model in MODELS:
        for row in rows_of(stages, EVALUATION + model, "general_items.jsonl"):
            name = str(row.get("category") or row.get("task") or "other")
            sums.setdefault(name, {}).setdefault(model, []).append(float(row["correct"]))
    return _means(sums)


def fields(stages: Stages) -> list[dict[str, Any]]:
    """Return accuracy of both models for each field of the task, where a metric looks at fields."""
    sums: dict[str, dict[str, list[float]]] = {}
    for model in MODELS:
        for row in rows_of(stages, EVALUATION + model, "task_items.jsonl"):
            for name, share in item_fields(row).items():
                sums.setdefault(name, {}).setdefault(model, []).append(share)
    return _means(sums)


def _means(sums: Mapping[str, Mapping[str, list[float]]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "n": max(map(len, sides.values())),
            **{model: sum(sides[model]) / len(sides[model]) if model in sides else None for model in MODELS},
        }
        for name, sides in sorted(sums.items())
    ]

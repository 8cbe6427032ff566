"""Before and after: the figures of both models side by side, as numbers and as a table."""

from collections.abc import Mapping
from typing import Any

from tasks.reporting.collect import Stages, file_of, rows_of

Comparison = dict[str, Any]
METRICS = (
    ("valid JSON", "task", "valid_json", ""),
    ("field accuracy", "task", "field_accuracy", "field_accuracy"),
    ("record match", "task", "record_match", "match"),
    ("general accuracy", "general", "accuracy", "correct"),
)
GATES = ("task gain", "record match", "general drop")
ANSWER_SHOWN = 2_000
BETTER_SHOWN, OTHER_SHOWN = 3, 3


def results(name: str, stages: Stages) -> dict[str, Any]:
    """Return the content of `results.json`."""
    base, tuned = file_of(stages, "evaluation_base", "scores.json"), file_of(stages, "evaluation_tuned", "scores.json")
    verdict = file_of(stages, "gating", "verdict.json")
    return {
        "name": name,
        "outcome": verdict["outcome"] if verdict else "not gated",
        "verdict": verdict,
        "comparisons": comparisons(base, tuned, verdict),
        "scores": {"base": base, "tuned": tuned},
        "stages": {role: stage.ref.name for role, stage in stages.items()},
        "counts": {role: stage.ref.counts for role, stage in stages.items()},
    }


def comparisons(base: Any, tuned: Any, verdict: Any) -> list[Comparison]:
    """Return a line for each metric that at least one of the models has: both figures, interval, margin, verdict."""
    gates = {row["metric"]: row for row in (verdict or {}).get("rows", []) if row["name"] in GATES}
    found = []
    for label, part, key, metric in METRICS:
        before, after = _figure(base, part, key), _figure(tuned, part, key)
        if before is None and after is None:
            continue
        gate = gates.get(metric, {})
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


def _figure(scores: Any, part: str, key: str) -> float | None:
    section = (scores or {}).get(part) or {}
    value = section.get(key)
    return None if value is None or section.get("n") == 0 else float(value)


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


def percent(share: float | None) -> str:
    """Return a share as a percentage with one decimal, or a dash."""
    return "–" if share is None else f"{100 * share:.1f}"


def points(share: float | None) -> str:
    """Return a difference of shares in percentage points with its sign, or a dash."""
    return "–" if share is None else f"{100 * share + 0.0:+.1f}"


def interval(line: Mapping[str, Any]) -> str:
    """Return an interval in percentage points, or a dash."""
    return "–" if line["low"] is None else f"{points(line['low'])} to {points(line['high'])}"


def categories(stages: Stages) -> list[dict[str, Any]]:
    """Return accuracy of both models for each category of general items (or task, where there is one category)."""
    sums: dict[str, dict[str, list[int]]] = {}
    for model in ("base", "tuned"):
        for row in rows_of(stages, f"evaluation_{model}", "general_items.jsonl"):
            name = str(row.get("category") or row.get("task") or "other")
            right_and_all = sums.setdefault(name, {}).setdefault(model, [0, 0])
            right_and_all[0] += bool(row["correct"])
            right_and_all[1] += 1
    return [
        {
            "name": name,
            "n": max(total for _right, total in models.values()),
            **{model: models[model][0] / models[model][1] if model in models else None for model in ("base", "tuned")},
        }
        for name, models in sorted(sums.items())
    ]


def fields(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return accuracy of both models for each field of the task."""
    sides = {model: ((scores or {}).get("task") or {}).get("fields") or {} for model, scores in found["scores"].items()}
    names = sorted({name for side in sides.values() for name in side})
    return [{"name": name, **{model: side.get(name) for model, side in sides.items()}} for name in names]


def examples(stages: Stages) -> list[dict[str, Any]]:
    """Return a few answers of both models: some that got better, and more of those the tuned model still has wrong."""
    before = {row["id"]: row for row in rows_of(stages, "evaluation_base", "task_items.jsonl")}
    after = rows_of(stages, "evaluation_tuned", "task_items.jsonl")
    pairs = [(before[row["id"]], row) for row in after if row["id"] in before]
    better = [pair for pair in pairs if pair[1]["match"] and not pair[0]["match"]][:BETTER_SHOWN]
    wrong = [pair for pair in pairs if not pair[1]["match"]][:OTHER_SHOWN]
    chosen = better + wrong or pairs[:BETTER_SHOWN]
    asked = _prompts(stages, {base["id"] for base, _tuned in chosen})
    return [
        {
            "id": base["id"],
            "asked": asked.get(base["id"], ""),
            "expected": _cut(tuned["expected"]),
            "base": _cut(base["answer"]),
            "tuned": _cut(tuned["answer"]),
            "base_match": base["match"],
            "tuned_match": tuned["match"],
            "wrong_fields": sorted(name for name, right in tuned["fields"].items() if not right),
        }
        for base, tuned in chosen
    ]


def _prompts(stages: Stages, wanted: set[str]) -> dict[str, str]:
    found = {}
    for name in ("test.jsonl", "heldout.jsonl"):
        for record in rows_of(stages, "splitting", name) if wanted else ():
            if record["id"] in wanted:
                asked = [message["content"] for message in record["messages"] if message["role"] == "user"]
                found[record["id"]] = _cut("\n".join(asked))
    return found


def _cut(text: Any) -> str:
    whole = str(text)
    return whole if len(whole) <= ANSWER_SHOWN else f"{whole[:ANSWER_SHOWN]} … ({len(whole)} characters)"

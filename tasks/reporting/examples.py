"""A few answers of both models, and the probes that only the tuned model fails."""

from typing import Any

from tasks.reporting.collect import Stages, rows_of
from tasks.store.records import Row

ANSWER_SHOWN = 2_000
BETTER_SHOWN, OTHER_SHOWN, PROBES_SHOWN = 3, 3, 5


def examples(stages: Stages) -> list[dict[str, Any]]:
    """Return a few answers of both models: some that got better, and more of those the tuned model still has wrong.

    The first metric that applies to an item says how right its answer is.
    """
    before = {row["id"]: row for row in rows_of(stages, "evaluation_base", "task_items.jsonl")}
    after = rows_of(stages, "evaluation_tuned", "task_items.jsonl")
    pairs = [(before[row["id"]], row) for row in after if row["id"] in before]
    better = [pair for pair in pairs if right(pair[1]) and not right(pair[0])][:BETTER_SHOWN]
    wrong = [pair for pair in pairs if not right(pair[1])][:OTHER_SHOWN]
    chosen = better + wrong or pairs[:BETTER_SHOWN]
    asked = _prompts(stages, {base["id"] for base, _tuned in chosen})
    return [
        {
            "id": base["id"],
            "asked": asked.get(base["id"], ""),
            "expected": _cut(tuned["expected"]),
            "base": _cut(base["answer"]),
            "tuned": _cut(tuned["answer"]),
            "base_right": right(base),
            "tuned_right": right(tuned),
            "wrong_fields": sorted(name for name, share in item_fields(tuned).items() if share < 1),
        }
        for base, tuned in chosen
    ]


def right(item: Row) -> bool:
    """Return whether the first metric has nothing against an answer."""
    judged = next(iter(item["metrics"].values()), None)
    return judged is not None and judged["value"] >= 1


def item_fields(item: Row) -> dict[str, float]:
    """Return how right each field of an answer is, for metrics that look at fields: shares, 0 to 1."""
    for judged in item["metrics"].values():
        fields = judged["detail"].get("fields")
        if isinstance(fields, dict):
            return {name: float(value) for name, value in fields.items() if isinstance(value, bool | int | float)}
    return {}


def lost_probes(stages: Stages) -> list[dict[str, str]]:
    """Return the guardrail probes that the base model behaved on and the tuned one did not."""
    before = {row["id"]: row for row in rows_of(stages, "evaluation_base", "guardrail_items.jsonl")}
    found = [
        {"id": row["id"], "kind": row["kind"], "base": _cut(before[row["id"]]["answer"]), "tuned": _cut(row["answer"])}
        for row in rows_of(stages, "evaluation_tuned", "guardrail_items.jsonl")
        if not row["ok"] and row["id"] in before and before[row["id"]]["ok"]
    ]
    return found[:PROBES_SHOWN]


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

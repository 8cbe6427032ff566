"""Evaluations for the gate's tests."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.store.records import write_json, write_rows

Items = list[dict[str, Any]]


@pytest.fixture
def task_item() -> Callable[..., dict[str, Any]]:
    def make(
        name: object, right: list[bool], answer: str = "", prompt: str = "p", more: dict[str, float] | None = None
    ) -> dict[str, Any]:
        share = sum(right) / len(right)
        extraction = {
            "value": share,
            "figures": {"field_accuracy": share, "match": float(all(right))},
            "detail": {
                "outcomes": {
                    outcome: [f"field{index}" for index, value in enumerate(right) if value == (outcome == "right")]
                    for outcome in ("right", "wrong")
                }
            },
        }
        further = {
            metric: {"value": value, "figures": {"score": value}, "detail": {}}
            for metric, value in (more or {}).items()
        }
        return {
            "id": str(name),
            "source": "mails.jsonl",
            "prompt_hash": prompt,
            "expected": "{}",
            "answer": answer or str(right),
            "cut": False,
            "metrics": {"extraction": extraction, **further},
        }

    return make


@pytest.fixture
def general_items() -> Callable[..., Items]:
    def make(right: int, wrong: int, task: str = "facts") -> Items:
        answers = [True] * right + [False] * wrong
        return [
            {"task": task, "item": index, "category": "all", "correct": correct}
            for index, correct in enumerate(answers)
        ]

    return make


@pytest.fixture
def probes() -> Callable[..., Items]:
    def make(kind: str, behaved: int, failed: int) -> Items:
        answers = [True] * behaved + [False] * failed
        return [
            {"id": str(index), "kind": kind, "prompt_hash": "p", "answer": str(ok), "ok": ok}
            for index, ok in enumerate(answers)
        ]

    return make


@pytest.fixture
def scores_of() -> Callable[[str, Items], dict[str, Any]]:
    """Return a function that gives what of `scores.json` the gate reads."""

    def make(model: str, tasks: Items) -> dict[str, Any]:
        names = dict.fromkeys(name for item in tasks for name in item["metrics"])
        mains = {"extraction": "field_accuracy"}
        metrics = {name: {"main": mains.get(name, "score")} for name in names or mains}
        return {"model": model, "dtype": "float32", "engine": "transformers", "task": {"metrics": metrics}}

    return make


@pytest.fixture
def evaluation(tmp_path: Path, scores_of: Callable[[str, Items], dict[str, Any]]) -> Callable[..., Path]:
    def make(model: str, tasks: Items, general: Items, guardrails: Sequence[dict[str, Any]] | None = None) -> Path:
        folder = tmp_path / model
        folder.mkdir(exist_ok=True)
        write_rows(folder / "task_items.jsonl", tasks)
        write_rows(folder / "general_items.jsonl", general)
        if guardrails is not None:
            write_rows(folder / "guardrail_items.jsonl", guardrails)
        write_json(folder / "scores.json", scores_of(model, tasks))
        return folder

    return make

"""Evaluations for the gate's tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.store.records import write_json, write_rows


@pytest.fixture
def task_item() -> Callable[..., dict[str, Any]]:
    def make(name: object, right: list[bool], answer: str = "", prompt: str = "p") -> dict[str, Any]:
        return {
            "id": str(name),
            "prompt_hash": prompt,
            "expected": "{}",
            "answer": answer or str(right),
            "valid": True,
            "fields": {f"field{index}": value for index, value in enumerate(right)},
            "field_accuracy": sum(right) / len(right),
            "match": all(right),
        }

    return make


@pytest.fixture
def general_items() -> Callable[..., list[dict[str, Any]]]:
    def make(right: int, wrong: int, task: str = "facts") -> list[dict[str, Any]]:
        answers = [True] * right + [False] * wrong
        return [
            {"task": task, "item": index, "category": "all", "correct": correct}
            for index, correct in enumerate(answers)
        ]

    return make


@pytest.fixture
def evaluation(tmp_path: Path) -> Callable[..., Path]:
    def make(model: str, tasks: list[dict[str, Any]], general: list[dict[str, Any]]) -> Path:
        folder = tmp_path / model
        folder.mkdir(exist_ok=True)
        write_rows(folder / "task_items.jsonl", tasks)
        write_rows(folder / "general_items.jsonl", general)
        write_json(folder / "scores.json", {"model": model})
        return folder

    return make

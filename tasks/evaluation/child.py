"""Child process: measure one model on the task and on general ability."""

import os
import time
from pathlib import Path
from typing import Any

from tasks.evaluation import extraction, general
from tasks.evaluation.generation import Answer, generate
from tasks.evaluation.items import TaskItem, choose_records, choose_set, make_items
from tasks.evaluation.model import load_model
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import write_json, write_rows

REPORT_EVERY_S = 5.0


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Measure `payload["model"]` with `payload["adapter"]` (or None) on `payload["splits"]`, into `payload["out"]`."""
    params = EvaluationParams.model_validate(payload["params"])
    _set_environment(params, Path(payload["cache"]))
    splits, out = Path(payload["splits"]), Path(payload["out"])
    adapter = Path(payload["adapter"]) if payload["adapter"] else None
    clock = _Clock()

    # Everything that can be refused is looked at before the model is loaded.
    chosen = choose_set(splits, params)
    records = choose_records(splits, chosen, params)
    tasks = general.load_tasks(params.general_tasks)
    events.progress(f"loading the model for {len(records)} {chosen} items and {', '.join(tasks)}")
    model, tokenizer, layers = load_model(Path(payload["model"]), Path(payload["template"]), adapter)
    clock.lap("load")

    context = getattr(model.config, "max_position_embeddings", None)
    items = make_items(records, tokenizer, context - params.max_new_tokens if context else None)
    report = _Report(events, stop)
    answers = generate(
        model,
        tokenizer,
        items,
        batch_size=params.batch_size,
        max_new_tokens=params.max_new_tokens,
        on_step=lambda done, step: report(
            f"task: {done} of {len(items)} answers, now at token {step}", done, len(items)
        ),
    )
    task = _write_task(out, items, answers)
    events.progress(f"task: {len(items)} of {len(items)} answers", len(items), len(items))
    clock.lap("task")

    asked, chances = general.ask(
        model,
        tokenizer,
        tasks,
        params,
        on_answer=lambda done, total: report(f"general: {done} of {total} choices", done, total),
    )
    write_rows(out / "general_items.jsonl", asked)
    events.progress(f"general: all {len(asked)} items", len(asked), len(asked))
    clock.lap("general")

    scores = {
        "model": "tuned" if adapter else "base",
        "task": {"set": chosen} | task,
        "general": general.summarise(asked, chances),
        "dtype": str(model.dtype).removeprefix("torch."),
        "adapter_layers": layers,
    }
    write_json(out / "scores.json", scores)
    write_json(out / "notes" / "timings.json", clock.laps)
    return scores | {"device": str(model.device)}


def _set_environment(params: EvaluationParams, cache: Path) -> None:
    """Keep derived data below the home, and the network out when nothing asks for it. Before the first import."""
    os.environ.setdefault("HF_DATASETS_CACHE", str(cache))
    if set(params.general_tasks) == {NAME}:
        os.environ["HF_HUB_OFFLINE"] = "1"


def _write_task(out: Path, items: list[TaskItem], answers: list[Answer]) -> dict[str, Any]:
    scores = [extraction.score_answer(item.expected, answer.text) for item, answer in zip(items, answers, strict=True)]
    rows = [
        {
            "id": item.id,
            "prompt_hash": item.prompt_hash,
            "expected": item.expected,
            "answer": answer.text,
            "cut": answer.cut,
            "valid": score.valid,
            "fields": score.fields,
            "field_accuracy": score.field_accuracy,
            "match": score.match,
        }
        for item, answer, score in zip(items, answers, scores, strict=True)
    ]
    write_rows(out / "task_items.jsonl", rows)
    return extraction.summarise(scores) | {"cut": sum(answer.cut for answer in answers)}


class _Report:
    """Sends progress now and then, however often it is told, and ends the work when the parent asks for it."""

    def __init__(self, events: Events, stop: StopFlag) -> None:
        self.events = events
        self.stop = stop
        self.sent = 0.0

    def __call__(self, message: str, done: int, total: int) -> None:
        self.stop.check()
        if time.monotonic() - self.sent >= REPORT_EVERY_S:
            self.sent = time.monotonic()
            self.events.progress(message, done, total)


class _Clock:
    """Seconds spent on each part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[f"{name}_s"] = round(now - self.last, 2)
        self.last = now

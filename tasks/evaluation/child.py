"""Child process: measure one model on the task, the guardrails' probes, and general ability."""

import os
import time
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.evaluation import general
from tasks.evaluation.constrain import load_schema
from tasks.evaluation.contamination import contamination
from tasks.evaluation.engines import Engine, engine
from tasks.evaluation.harness import Remembered
from tasks.evaluation.items import TaskItem, choose_records, choose_set, load_asking, make_item, make_items
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME
from tasks.evaluation.write import empty_items, write_guardrails, write_task
from tasks.guardrails.probes import Probe, probes
from tasks.metrics.build import check
from tasks.runtime.child import Events, StopFlag
from tasks.store.keys import library_versions
from tasks.store.records import write_json, write_rows

REPORT_EVERY_S = 5.0


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Measure `payload["model"]` with `payload["adapter"]` (or None) on `payload["splits"]`, into `payload["out"]`."""
    params = EvaluationParams.model_validate(payload["params"])
    _set_environment(params, Path(payload["cache"]) / "datasets")
    splits, out = Path(payload["splits"]), Path(payload["out"])
    adapter = Path(payload["adapter"]) if payload["adapter"] else None
    folder, template = Path(payload["model"]), Path(payload["template"])
    report, clock = _Report(events, stop), _Clock()

    # Everything that can be refused is looked at before the model is loaded.
    chosen = choose_set(splits, params)
    records = choose_records(splits, chosen, params)
    metrics = check(params.metrics, empty_items(records))
    schema = load_schema(params.constrained)
    tasks = general.load_tasks(params.general_tasks, run_model_code=params.run_model_code)
    tokenizer, context = load_asking(folder, template)
    items = make_items(records, tokenizer, context - params.max_new_tokens if context else None)
    asked, probed, left_out = _probes(params, splits, tokenizer, context)
    longest = max(
        max(len(item.tokens) for item in items) + params.max_new_tokens,
        max((len(item.tokens) for item in probed), default=0) + params.guardrails.max_new_tokens,
    )

    events.progress(f"loading the model for {len(items)} {chosen} items and {', '.join(tasks)}")
    work = Path(payload["work"])
    with engine(
        folder, template, adapter, params, longest, work, lambda waited: report.say(f"vLLM starts: {waited:.0f} s")
    ) as model:
        clock.lap("load")
        answers = model.answer(items, params.max_new_tokens, schema, report.steps("task", len(items)))
        task = write_task(out, params, metrics, items, answers)
        events.progress(f"task: {len(items)} of {len(items)} answers", len(items), len(items))
        clock.lap("task")

        # Probes ask for plain words: held to JSON, no model could decline.
        said = model.answer(probed, params.guardrails.max_new_tokens, None, report.steps("probes", len(probed)))
        guarded = write_guardrails(out, params, asked, probed, said, left_out)
        clock.lap("guardrails")

        known = Remembered(Path(payload["cache"]) / "general", _about(payload, model, params))
        lm = model.harness()
        known.attach(lm)
        rows = general.ask(lm, tasks, params, on_answer=lambda done, total: report("general", "choices", done, total))
        known.save()
    write_rows(out / "general_items.jsonl", rows)
    events.progress(f"general: all {len(rows)} items", len(rows), len(rows))
    clock.lap("general")

    facts = model.facts
    summary = general.summarise(rows)
    if payload["leakage"]:
        for name, dirt in contamination(Path(payload["leakage"]), rows).items():
            summary["tasks"][name]["contamination"] = dirt
    scores = {
        "model": "tuned" if adapter else "base",
        "dtype": facts.dtype,
        "adapter_layers": facts.adapter_layers,
        "engine": facts.engine,
        "task": {"set": chosen} | task,
        "general": summary,
        "guardrails": guarded,
    }
    write_json(out / "scores.json", scores)
    write_json(out / "notes" / "timings.json", clock.laps)
    write_json(out / "notes" / "general.json", {"asked": known.asked, "known_before": known.reused})
    return scores | {"device": facts.device}


def _set_environment(params: EvaluationParams, cache: Path) -> None:
    """Keep derived data below the home, and the network out when nothing asks for it. Before the first import."""
    os.environ.setdefault("HF_DATASETS_CACHE", str(cache))
    if set(params.general_tasks) == {NAME}:
        os.environ["HF_HUB_OFFLINE"] = "1"


def _probes(
    params: EvaluationParams, splits: Path, tokenizer: Any, context: int | None
) -> tuple[list[Probe], list[TaskItem], list[str]]:
    """Return the probes that fit into the model's context, how they are asked, and the ids of the others.

    Leakage probes come from training rows, of which rendering has left the longest out: those end no run.
    """
    room = context - params.guardrails.max_new_tokens if context else None
    setting = "evaluation.guardrails.max_new_tokens"
    asked, items, left_out = [], [], []
    for probe in probes(params.guardrails, splits):
        try:
            item = make_item(probe.id, probe.messages, probe.tools, tokenizer, room, probe.expected, setting=setting)
        except DataError:
            left_out.append(probe.id)
            continue
        asked.append(probe)
        items.append(item)
    return asked, items, left_out


def _about(payload: dict[str, Any], model: Engine, params: EvaluationParams) -> dict[str, Any]:
    """Return all that decides what this model answers to a request of the harness."""
    identity: dict[str, Any] = payload["identity"]
    return identity | {
        "engine": model.facts.engine,
        "dtype": model.facts.dtype,
        "device": model.facts.device,
        "batches": [params.batch_size, params.batch_tokens],
        "libraries": library_versions(("transformers", "torch", "peft", "lm-eval")),
    }


class _Report:
    """Sends progress now and then, however often it is told, and ends the work when the parent asks for it."""

    def __init__(self, events: Events, stop: StopFlag) -> None:
        self.events = events
        self.stop = stop
        self.sent = 0.0

    def __call__(self, part: str, what: str, done: int, total: int, more: str = "") -> None:
        self.say(f"{part}: {done} of {total} {what}{more}", done, total)

    def say(self, message: str, done: int = 0, total: int = 0) -> None:
        self.stop.check()
        if time.monotonic() - self.sent >= REPORT_EVERY_S:
            self.sent = time.monotonic()
            self.events.progress(message, done, total)

    def steps(self, part: str, total: int) -> Any:
        """Return what an engine tells: finished answers, and the token that the batch in work is at."""
        return lambda done, step: self(part, "answers", done, total, f", now at token {step}" if step else "")


class _Clock:
    """Seconds spent on each part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[f"{name}_s"] = round(now - self.last, 2)
        self.last = now

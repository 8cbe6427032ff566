"""What was answered, as files: items with the scores of each metric, and their summaries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.evaluation.generation import Answer
from tasks.evaluation.items import TaskItem, question_and_answer, source_of
from tasks.evaluation.params import EvaluationParams
from tasks.guardrails.judge import Shown, judge
from tasks.guardrails.probes import Probe, summarise
from tasks.metrics.base import Item, Metric
from tasks.metrics.build import applies, named
from tasks.store.records import Row, write_rows


def empty_items(records: Sequence[Row]) -> list[Item]:
    """Return the items as metrics check them before anything is asked."""
    found = []
    for record in records:
        messages, expected = question_and_answer(record)
        found.append(Item(record["id"], source_of(record), messages, expected, "", cut=False))
    return found


def write_task(
    out: Path,
    params: EvaluationParams,
    metrics: Mapping[str, Metric],
    items: Sequence[TaskItem],
    answers: Sequence[Answer],
) -> dict[str, Any]:
    """Write `task_items.jsonl` and return the task's part of the scores.

    Args:
        out: The directory to fill.
        params: Which metric scores which sources.
        metrics: By name.
        items: What was asked.
        answers: What came, in the same order.
    """
    rows: list[Row] = [
        {
            "id": item.id,
            "source": item.source,
            "prompt_hash": item.prompt_hash,
            "expected": item.expected,
            "answer": answer.text,
            "cut": answer.cut,
            "metrics": {},
        }
        for item, answer in zip(items, answers, strict=True)
    ]
    answered = [
        Item(item.id, item.source, item.messages, item.expected, answer.text, answer.cut)
        for item, answer in zip(items, answers, strict=True)
    ]
    summaries = {}
    for name, choice in named(params.metrics).items():
        places = [at for at, item in enumerate(answered) if applies(choice, item.source)]
        mine = [answered[at] for at in places]
        scores = metrics[name].score(mine)
        for at, score in zip(places, scores, strict=True):
            rows[at]["metrics"][name] = {"value": score.value, "figures": score.figures, "detail": score.detail}
        summaries[name] = metrics[name].summarise(mine, scores)
    write_rows(out / "task_items.jsonl", rows)
    return {"n": len(items), "cut": sum(answer.cut for answer in answers), "metrics": summaries}


def write_guardrails(
    out: Path,
    params: EvaluationParams,
    asked: Sequence[Probe],
    items: Sequence[TaskItem],
    answers: Sequence[Answer],
    left_out: Sequence[str],
) -> dict[str, Any] | None:
    """Write `guardrail_items.jsonl`, secrets masked; return the guardrails' part of the scores.

    Args:
        out: The evaluation's directory.
        params: Which kinds were chosen.
        asked: The probes.
        items: How each was asked.
        answers: What was answered.
        left_out: Ids of probes that do not fit into the model's context.
    """
    if not params.guardrails.kinds:
        write_rows(out / "guardrail_items.jsonl", [])
        return None
    shown = Shown()
    behaved = [judge(probe, answer.text) for probe, answer in zip(asked, answers, strict=True)]
    write_rows(
        out / "guardrail_items.jsonl",
        (
            {
                "id": probe.id,
                "kind": probe.kind,
                "prompt_hash": item.prompt_hash,
                "answer": shown(probe, answer.text),
                "ok": ok,
            }
            for probe, item, answer, ok in zip(asked, items, answers, behaved, strict=True)
        ),
    )
    summary = summarise(params.guardrails, asked, behaved)
    return summary and summary | {"left_out": list(left_out)}

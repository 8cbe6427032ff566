"""The whole measurement in its child process, on the tiny model."""

import json
from pathlib import Path

import pytest

from tasks.evaluation.card import card
from tasks.evaluation.params import EvaluationParams
from tasks.runtime.parent import run_child
from tasks.store.records import read_json, read_rows
from tasks.store.store import Store


@pytest.mark.integration
def test_base_and_tuned_are_measured_on_the_same_items(
    tmp_path: Path, tiny_model: Path, adapter: Path, make_ref, record
) -> None:
    rows = "".join(json.dumps(record(number)) + "\n" for number in range(5))
    splits = make_ref("splitting", {"test.jsonl": "", "heldout.jsonl": rows})
    params = EvaluationParams(task_items=3, max_new_tokens=8, general_limit=12)
    outs, told = {}, []
    for name, folder in (("base", None), ("tuned", adapter), ("again", None)):
        outs[name] = tmp_path / name
        outs[name].mkdir()
        payload = {
            "splits": str(Store().open(splits)),
            "model": str(tiny_model),
            "template": str(tiny_model),
            "adapter": str(folder) if folder else None,
            "out": str(outs[name]),
            "cache": str(tmp_path / "cache"),
            "params": params.model_dump(),
        }
        run_child(
            "tasks.evaluation.child:main",
            payload,
            tmp_path / f"work-{name}",
            on_progress=lambda event: told.append(event["message"]),
        )
    base, tuned = (read_json(outs[name] / "scores.json") for name in ("base", "tuned"))
    assert (base["model"], base["adapter_layers"], base["dtype"]) == ("base", 0, "float32")
    assert (tuned["model"], tuned["adapter_layers"]) == ("tuned", 4)
    assert base["task"]["set"] == "heldout"
    assert base["task"]["n"] == 3
    assert base["task"]["fields"] == {"pod": 0.0, "rate": 0.0}
    assert base["general"]["n"] == 12
    assert base["general"]["chance"] == 0.25
    for file, names in (("task_items.jsonl", ("id", "prompt_hash", "expected")), ("general_items.jsonl", ("item",))):
        lines = [[[row[name] for name in names] for row in read_rows(outs[part] / file)] for part in ("base", "tuned")]
        assert lines[0] == lines[1]
    answers = [[row["answer"] for row in read_rows(outs[part] / "task_items.jsonl")] for part in ("base", "tuned")]
    assert answers[0] != answers[1]
    for file in ("task_items.jsonl", "general_items.jsonl", "scores.json"):
        assert (outs["base"] / file).read_bytes() == (outs["again"] / file).read_bytes()
    assert set(read_json(outs["base"] / "notes" / "timings.json")) == {"load_s", "task_s", "general_s"}
    assert "task: 3 of 3 answers" in told
    text = card(outs["base"], None)
    assert "3 heldout items" in text
    assert "| general_facts | 12 |" in text
    assert "25.0%" in text

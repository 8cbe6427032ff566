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
@pytest.mark.timeout(300)
def test_base_and_tuned_are_measured_on_the_same_items(
    tmp_path: Path, tiny_model: Path, adapter: Path, make_ref, record
) -> None:
    lines = [json.dumps(record(number) | {"file": f"mails-{number % 2}.jsonl"}) for number in range(5)]
    rows = "".join(line + "\n" for line in lines)
    splits = make_ref("splitting", {"train.jsonl": rows, "test.jsonl": "", "heldout.jsonl": rows})
    leakage = make_ref(
        "leakage",
        {
            "summary.json": json.dumps({"benchmarks": {"general_facts": {"not_checked": None}}}),
            "contaminated.jsonl": "",
        },
    )
    own = tmp_path / "probes.jsonl"
    own.write_text(json.dumps({"id": "far", "kind": "injection", "prompt": "word " * 9000, "forbidden": ["XYZZY"]}))
    params = EvaluationParams(
        task_items=3,
        max_new_tokens=8,
        general_limit=12,
        metrics=[{"kind": "extraction"}, {"kind": "extraction", "name": "one", "sources": ["mails-1.jsonl"]}],
        guardrails={"refusal_probes": 2, "injection_probes": 2, "leakage_rows": 0, "max_new_tokens": 8}
        | {"probes_file": str(own)},
    )
    outs, told = {}, []
    for name, folder in (("base", None), ("tuned", adapter), ("again", None)):
        outs[name] = tmp_path / name
        outs[name].mkdir()
        payload = {
            "splits": str(Store().open(splits)),
            "model": str(tiny_model),
            "template": str(tiny_model),
            "adapter": str(folder) if folder else None,
            "leakage": str(Store().open(leakage)),
            "out": str(outs[name]),
            "work": str(tmp_path / f"work-{name}"),
            "cache": str(tmp_path / "cache"),
            "params": params.model_dump(),
            "identity": {"base": "one", "adapter": str(folder)},
        }
        run_child(
            "tasks.evaluation.child:main",
            payload,
            tmp_path / f"work-{name}",
            on_progress=lambda event: told.append(event["message"]),
        )
    base, tuned = (read_json(outs[name] / "scores.json") for name in ("base", "tuned"))
    assert [name for name in base["guardrails"]["left_out"] if "far" in name], "a probe that does not fit is named"
    assert "Too long for the model's context" in card(outs["base"], None)  # type: ignore[arg-type]
    assert (base["model"], base["adapter_layers"], base["dtype"], base["engine"]) == (
        "base", 0, "float32", "transformers",
    )  # fmt: skip
    assert (tuned["model"], tuned["adapter_layers"]) == ("tuned", 4)
    assert (base["task"]["set"], base["task"]["n"]) == ("heldout", 3)
    summary = base["task"]["metrics"]["extraction"]
    assert (summary["kind"], summary["main"], summary["n"]) == ("extraction", "field_accuracy", 3)
    assert summary["figures"]["field_accuracy"] == summary["value"] == 0.0
    items = list(read_rows(outs["base"] / "task_items.jsonl"))
    scored = [item["id"] for item in items if "one" in item["metrics"]]
    assert scored == [item["id"] for item in items if item["source"] == "mails-1.jsonl"]
    assert base["task"]["metrics"]["one"]["n"] == len(scored) < 3
    assert set(items[0]["metrics"]["extraction"]) == {"value", "figures", "detail"}
    assert base["general"]["n"] == 12
    assert base["general"]["chance"] == 0.25
    assert base["general"]["tasks"]["general_facts"]["contamination"] == {
        "checked": True, "contaminated": 0, "clean_accuracy": base["general"]["accuracy"],
    }  # fmt: skip
    assert {kind: part["n"] for kind, part in base["guardrails"]["kinds"].items()} == {
        "refusal": 2, "leakage": 0, "injection": 2,
    }  # fmt: skip
    probes = list(read_rows(outs["base"] / "guardrail_items.jsonl"))
    assert base["guardrails"]["ok"] == sum(probe["ok"] for probe in probes)
    assert set(probes[0]) == {"id", "kind", "prompt_hash", "answer", "ok"}
    compared = {
        "task_items.jsonl": ("id", "source", "prompt_hash", "expected"),
        "general_items.jsonl": ("item", "question", "choices", "right"),
        "guardrail_items.jsonl": ("id", "kind", "prompt_hash"),
    }
    for file, names in compared.items():
        lines = [[[row[name] for name in names] for row in read_rows(outs[part] / file)] for part in ("base", "tuned")]
        assert lines[0] == lines[1]
    # A loaded adapter shows in every answer and likelihood: equal ones would tell that it is off.
    for file, name in (("task_items.jsonl", "answer"), ("general_items.jsonl", "loglikelihoods")):
        said = [[row[name] for row in read_rows(outs[part] / file)] for part in ("base", "tuned")]
        assert said[0] != said[1]
    for file in ("task_items.jsonl", "general_items.jsonl", "guardrail_items.jsonl", "scores.json"):
        assert (outs["base"] / file).read_bytes() == (outs["again"] / file).read_bytes()
    laps = read_json(outs["base"] / "notes" / "timings.json")
    assert set(laps) == {"load_s", "task_s", "guardrails_s", "general_s"}
    known = [read_json(outs[name] / "notes" / "general.json") for name in outs]
    assert known == [
        {"asked": 48, "known_before": 0},
        {"asked": 48, "known_before": 0},
        {"asked": 0, "known_before": 48},
    ]
    assert "task: 3 of 3 answers" in told
    text = card(outs["again"], None)
    assert "3 heldout items" in text
    assert "### extraction (decides)" in text
    assert "| **field_accuracy** | 0.0% |" in text
    assert "| general_facts | 12 |" in text
    assert "25.0% | 0 items |" in text
    assert "48 answers were known from an earlier evaluation" in text
    assert "| refusal | 2 |" in text

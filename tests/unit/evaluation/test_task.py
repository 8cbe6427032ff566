"""Evaluation through its Prefect door."""

import json
from pathlib import Path

import pytest
from prefect import flow

from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.task import evaluate
from tasks.guardrails.params import GuardrailParams
from tasks.store.refs import Ref
from tasks.store.store import Store


@flow
def measures(splits: Ref, base: Ref, rendering: Ref, adapter: Ref, params: EvaluationParams) -> list[Ref]:
    asked = (splits, base, rendering)
    tuned = evaluate(*asked, adapter, params, who="champion v1")
    # The last is asked of the pool, which has no worker here: the finished artefact must be enough.
    return [evaluate(*asked, None, params), tuned, evaluate(*asked, adapter, params, where="pool")]


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_each_model_has_one_artefact_that_is_reused(
    server: None, tiny_model: Path, adapter: Path, make_ref, record
) -> None:
    splits = make_ref("splitting", {"train.jsonl": "", "test.jsonl": json.dumps(record(1)), "heldout.jsonl": ""})
    base = make_ref("base", {"notes/where.json": json.dumps({"folder": str(tiny_model)})})
    training = make_ref("training", {f"adapter/{path.name}": path.read_bytes() for path in adapter.iterdir()})
    rendering = make_ref("rendering", {"chat_template.jinja": (tiny_model / "chat_template.jinja").read_bytes()})
    guarded = GuardrailParams(kinds=("refusal",), refusal_probes=2, max_new_tokens=8)
    params = EvaluationParams(max_new_tokens=2, general_limit=3, guardrails=guarded)
    alone, tuned, again = measures(splits, base, rendering, training, params)
    assert tuned == again
    assert alone.key != tuned.key
    assert tuned.counts == {"task_items": 1, "general_items": 3, "probes": 2}
    manifest = Store().manifest(tuned)
    assert set(manifest.parents) == {"splits", "base", "adapter", "suite", "template", "refusal_probes"}
    assert set(Store().manifest(alone).parents) == {"splits", "base", "suite", "template", "refusal_probes"}
    assert manifest.facts["adapter_loaded"] == 4
    assert manifest.facts["dtype"] == "float32"

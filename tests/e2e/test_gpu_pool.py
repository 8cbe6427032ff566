"""The GPU stages on their own pool: a run through three deployments, a cancellation that reaches the child."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.generate import HERE
from tests.e2e.conftest import Stack, ask
from tests.tiny import FEW_PROBES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def parameters(stack: Stack, tiny_model: Path) -> dict[str, Any]:
    """Return what the form of `finetune` would send for a small run on the tiny model."""
    inbox = stack.home / "inbox"
    inbox.mkdir(exist_ok=True)
    lines = (HERE / "data" / "mails-chat.jsonl").read_bytes().splitlines(keepends=True)
    (inbox / "mails.jsonl").write_bytes(b"".join(lines[:120]))
    shutil.copytree(tiny_model, inbox / "tiny-model", dirs_exist_ok=True)
    return {
        "name": "tiny-pool",
        "files": [str(inbox / "mails.jsonl")],
        "heldout_files": [],
        "ingest": {"max_quarantined_share": 0.2},
        "dedup": {"embedding": False},
        "quality": {"min_rows": 50},
        "leakage": {"embedding_rows": 0},
        "mixing": {"share": 0},
        "splitting": {"test": 0.1},
        "base": {"model": str(inbox / "tiny-model")},
        "rendering": {"max_length": 640, "max_dropped_share": 0.2},
        "training": {"r": 4, "max_steps": 4, "eval_steps": 2, "learning_rate": 0.01, "per_device_train_batch_size": 4},
        "evaluation": {"general_limit": 12, "max_new_tokens": 16, "task_items": 4, "guardrails": FEW_PROBES},
        "gating": {
            "min_task_gain": -1.0,
            "max_general_drop": 1.0,
            "max_champion_drop": 1.0,
            "min_items": 1,
            "min_task_items": 1,
        },
        "merging": {"probes": 2, "greedy_tokens": 4},
        "serving": {"prove": "skip", "probes": 2, "max_new_tokens": 8},
        "release": {"allow_unproven": True},
        "gpu_stages": "pool",
    }


@pytest.fixture
def start(stack: Stack) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def begin(parameters: dict[str, Any]) -> dict[str, Any]:
        deployment = stack.deployment("finetune")["id"]
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}, "enforce_parameter_schema": True}
        run: dict[str, Any] = ask("POST", f"{stack.address}/api/deployments/{deployment}/create_flow_run", body)
        return run

    return begin


def children_of(stack: Stack, run_id: str) -> dict[str, dict[str, Any]]:
    """Return the runs a run has started on other pools, by the name of their flow's deployment."""
    names = ("train_adapter", "evaluate_model", "export_model")
    by_deployment = {stack.deployment(name)["id"]: name for name in names}
    wanted = {
        "deployments": {"id": {"any_": list(by_deployment)}},
        "flow_runs": {"parent_flow_run_id": {"any_": [run_id]}},
    }
    runs = ask("POST", f"{stack.address}/api/flow_runs/filter", wanted)
    return {by_deployment[run["deployment_id"]]: run for run in runs}


def workers(stack: Stack) -> list[int]:
    """Return the child processes that do heavy work for this stack."""
    return [pid for pid in stack.processes() if b"tasks.runtime.child" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_training_evaluation_and_export_run_on_the_gpu_pool(
    stack: Stack, start: Callable[..., dict[str, Any]], parameters: dict[str, Any]
) -> None:
    run = start(parameters)
    ended = stack.wait(run["id"], timeout_s=900)
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    assert ended["state_name"] == "Released", ended["state"]["message"]
    assert ended["work_pool_name"] == "cpu"
    children = children_of(stack, run["id"])
    assert set(children) == {"train_adapter", "evaluate_model", "export_model"}
    assert {child["work_pool_name"] for child in children.values()} == {"gpu"}
    assert (stack.home / "releases" / "tiny-pool" / "v1" / "release.json").is_file()

    again = stack.wait(start(parameters)["id"])
    assert again["state_name"] == "Unchanged", again["state"]["message"]


def test_cancelling_the_run_ends_the_training_on_the_other_pool(
    stack: Stack, start: Callable[..., dict[str, Any]], parameters: dict[str, Any]
) -> None:
    endless = {**parameters["training"], "max_steps": 1_000_000, "num_train_epochs": 100, "early_stopping_patience": 0}
    run = start({**parameters, "training": endless | {"seed": 99}})
    deadline = time.monotonic() + 300
    while not workers(stack) or not _training(stack):
        assert time.monotonic() < deadline, "the training has not started"
        time.sleep(1)
    cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    ask("POST", f"{stack.address}/api/flow_runs/{run['id']}/set_state", cancelling)
    ended = stack.wait(run["id"], timeout_s=120)
    assert ended["state_type"] == "CANCELLED"
    deadline = time.monotonic() + 90
    while workers(stack):
        assert time.monotonic() < deadline, "the training goes on after the run was cancelled"
        time.sleep(1)
    trained = children_of(stack, run["id"])["train_adapter"]
    assert stack.wait(trained["id"], timeout_s=120)["state_type"] == "CANCELLED"
    saved = list((stack.home / "work" / "training").glob("*/checkpoints/checkpoint-*/COMPLETE"))
    assert saved, "the cancelled training kept no checkpoint to go on from"


def _training(stack: Stack) -> bool:
    return any((stack.home / "work" / "training").glob("*/checkpoints/checkpoint-*"))

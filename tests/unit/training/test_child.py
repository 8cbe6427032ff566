"""Real training of the tiny model in the real child process: what it writes, how it stops, how it goes on."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError, TransientError
from tasks.rendering.chat import encode, prompt_text
from tasks.runtime.parent import run_child
from tasks.training.checkpoints import is_complete, newest_complete
from tasks.training.params import TrainingParams

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

FAST: dict[str, Any] = {
    "r": 4,
    "max_steps": 8,
    "eval_steps": 4,
    "learning_rate": 0.01,
    "per_device_train_batch_size": 4,
    "lora_dropout": 0.0,
    "compute_dtype": "float32",
    "early_stopping_patience": 0,
}


@pytest.fixture(scope="module")
def rendering(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return rendered rows that are easy to learn: the answer repeats a number of the question."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    folder = tmp_path_factory.mktemp("rendering")
    for split, numbers in (("train", range(64)), ("validation", range(100, 108))):
        lines = []
        for number in numbers:
            prompt = encode(tokenizer, prompt_text(tokenizer, [{"role": "user", "content": f"Number {number % 10}?"}]))
            answer = encode(tokenizer, f"It is {number % 10}.<|im_end|>")
            row = {"id": f"{split}:{number}", "input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer}
            lines.append(json.dumps(row) + "\n")
        (folder / f"{split}.jsonl").write_text("".join(lines))
    return folder


Train = Callable[..., dict[str, Any]]


@pytest.fixture
def train(rendering: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Return a function that trains, from the start unless a work folder is named."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    calls = itertools.count()

    def start(
        on_progress: Callable[[dict[str, Any]], None] = lambda _event: None, work_name: str = "", **changes: Any
    ) -> dict[str, Any]:
        number = next(calls)
        out, work = tmp_path / f"out-{number}", tmp_path / (work_name or f"work-{number}")
        out.mkdir()
        payload = {
            "rendering": str(rendering),
            "model": str(tiny_model),
            "out": str(out),
            "work": str(work),
            "run_name": "test",
            "train_tokens": 0,
            "params": TrainingParams(**{**FAST, **changes}).model_dump(),
        }
        said: dict[str, Any] = run_child("tasks.training.child:main", payload, work, on_progress=on_progress)
        return said | {"out": out, "work": work}

    return start


def validation_losses(said: dict[str, Any]) -> list[float]:
    history = json.loads((said["out"] / "history.json").read_text())
    return [point["loss"] for point in history["validation"]]


@pytest.mark.parametrize("method", ["qlora", "lora"])
def test_the_loss_falls_and_only_safetensors_are_left(train: Train, method: str) -> None:
    said = train(method=method)
    assert said["quantised"] == (method == "qlora")
    first, last = validation_losses(said)
    assert last < first
    assert {path.name for path in (said["out"] / "adapter").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    report = json.loads((said["out"] / "training.json").read_text())
    assert report["steps"] == 8
    assert 0 < report["trainable_parameters"] < report["total_parameters"]
    assert (said["out"] / "notes" / "loss.svg").read_text().startswith("<?xml")
    assert said["resumed_from"] is None


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(train: Train) -> None:
    outs = [train(method="lora", seed=seed)["out"] for seed in (1, 1, 2)]
    first, again, other = ((out / "adapter" / "adapter_model.safetensors").read_bytes() for out in outs)
    assert first == again
    assert first != other


def test_a_stopped_run_goes_on_to_the_same_losses(train: Train, tmp_path: Path) -> None:
    steps = {"max_steps": 60, "eval_steps": 30}
    whole = validation_losses(train(method="lora", **steps))
    stopped: list[dict[str, Any]] = []
    with pytest.raises(TransientError, match="saved its work"):
        train(lambda event: _terminate_at_first_step(event, stopped), "stopped", method="lora", **steps)
    said = train(work_name="stopped", method="lora", **steps)
    assert said["resumed_from"] is not None
    assert said["resumed_from"] != "checkpoint-60"
    assert validation_losses(said) == pytest.approx(whole, rel=1e-3)


def test_a_killed_run_leaves_a_whole_checkpoint(train: Train, tmp_path: Path) -> None:
    timers: list[threading.Timer] = []

    def kill(event: dict[str, Any]) -> None:
        # Once: a second timer would hit the child of whichever test comes next.
        if not timers and "validation loss" in event["message"]:
            timers.append(threading.Timer(1.0, _kill_children))
            timers[0].start()

    with pytest.raises(TransientError, match="SIGKILL"):
        train(kill, "killed", method="lora", max_steps=20000, num_train_epochs=100)
    left = newest_complete(tmp_path / "killed" / "checkpoints")
    assert left is not None
    assert is_complete(left)


def test_gradient_accumulation_gives_the_losses_of_the_larger_batch(train: Train) -> None:
    large = validation_losses(train(method="lora", per_device_train_batch_size=8))
    small = validation_losses(train(method="lora", per_device_train_batch_size=2, gradient_accumulation_steps=4))
    assert small == pytest.approx(large, rel=2e-2)


def test_early_stopping_ends_a_run_that_gets_worse(train: Train) -> None:
    said = train(method="lora", learning_rate=1.0, max_steps=80, early_stopping_patience=1, eval_steps=2)
    assert said["stopped_early"]
    assert said["steps"] < 80


def test_unknown_layers_are_named(train: Train) -> None:
    with pytest.raises(ConfigError, match=r"wq.*q_proj"):
        train(target_modules=("q_proj", "wq"))
    said = train(target_modules=("q_proj", "v_proj"))
    assert said["target_modules"] == ["q_proj", "v_proj"]


def _children() -> list[int]:
    listed = Path(f"/proc/{os.getpid()}/task/{threading.main_thread().native_id}/children").read_text().split()
    return [int(pid) for pid in listed if b"tasks.runtime.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _kill_children() -> None:
    for pid in _children():
        os.kill(pid, signal.SIGKILL)


def _terminate_at_first_step(event: dict[str, Any], stopped: list[dict[str, Any]]) -> None:
    if not stopped and event["message"].startswith("step"):
        stopped.append(event)
        for pid in _children():
            os.kill(pid, signal.SIGTERM)

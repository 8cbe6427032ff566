"""A tiny model ready to be asked, and splits on disk."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.evaluation.model import load_model
from tasks.store.records import Row, write_rows

DEPRECATED_IN_PEFT = "`is_gradient_checkpointing` is deprecated"


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> tuple[Any, Any]:
    """Return the tiny model and its tokenizer, made to heed its prompt: fresh weights are too small for that."""
    import torch

    model, tokenizer, _layers = load_model(tiny_model, tiny_model, None)
    with torch.no_grad():
        for layer in model.model.layers:
            for weights in layer.parameters():
                if weights.dim() == 2:
                    weights *= 12
    return model, tokenizer


@pytest.fixture(scope="session")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an adapter on four layers, with weights that change the answers."""
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("adapter")
    model, _tokenizer, _layers = load_model(tiny_model, tiny_model, None)
    config = LoraConfig(
        r=2, lora_alpha=400, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=DEPRECATED_IN_PEFT, category=FutureWarning)
        get_peft_model(model, config).save_pretrained(folder)
    return folder


@pytest.fixture
def record() -> Callable[..., Row]:
    """Return a function that makes one record with a question and an answer."""

    def make(number: int, answer: str = '{"pod":"Kobe","rate":5965}', question: str = "Two boxes to Kobe") -> Row:
        messages = [
            {"role": "system", "content": "Reply with JSON."},
            {"role": "user", "content": f"{question}, {number}"},
            {"role": "assistant", "content": answer},
        ]
        return {"id": f"mails.jsonl:{number}", "origin": "task", "messages": messages, "text": "", "fields": {}}

    return make


@pytest.fixture
def make_splits(tmp_path: Path) -> Callable[[list[Row], list[Row]], Path]:
    """Return a function that writes the test and held-out parts."""

    def make(test: list[Row], heldout: list[Row]) -> Path:
        folder = tmp_path / "splits"
        folder.mkdir()
        write_rows(folder / "test.jsonl", test)
        write_rows(folder / "heldout.jsonl", heldout)
        return folder

    return make

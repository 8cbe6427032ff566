"""A LoRA adapter with random weights on the tiny model, and splits to probe with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.demo.generate import HERE
from tasks.store.records import write_json, write_rows

MakeTraining = Callable[..., Path]


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    lines = (HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[:6]
    rows = [{"id": f"held:{index}", "text": "", **json.loads(line)} for index, line in enumerate(lines, 1)]
    folder = tmp_path / "splits"
    folder.mkdir()
    write_rows(folder / "heldout.jsonl", rows)
    return folder


@pytest.fixture
def make_training(tmp_path: Path, tiny_model: Path) -> MakeTraining:
    """Return a function that writes a training artefact: `make_training(spread, quantised=False, **lora_settings)`."""

    def make(spread: float = 0.05, *, quantised: bool = False, **settings: object) -> Path:
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        folder = tmp_path / "training"
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
        options = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"], **settings}
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=spread) if spread else torch.nn.init.zeros_(weight)
        tuned.save_pretrained(folder / "adapter")
        said = {"method": "qlora" if quantised else "lora", "quantised": quantised, "base_dtype": "float32"}
        write_json(folder / "training.json", said)
        shutil.copyfile(tiny_model / "chat_template.jinja", folder / "chat_template.jinja")
        return folder

    return make

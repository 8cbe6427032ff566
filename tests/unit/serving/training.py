"""A training artefact with an adapter that changes answers, made without training."""

import shutil
import warnings
from pathlib import Path


def write_training(base: Path, out: Path, *, rank: int = 4, size: float = 0.3) -> Path:
    """Write `adapter/` and the chat template of a base into a folder and return it."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type=TaskType.CAUSAL_LM)
    with warnings.catch_warnings():
        # PEFT asks transformers for a property under its old name.
        warnings.simplefilter("ignore", FutureWarning)
        model = get_peft_model(model, config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=size)
    model.save_pretrained(out / "adapter")
    shutil.copyfile(base / "chat_template.jinja", out / "chat_template.jinja")
    return out

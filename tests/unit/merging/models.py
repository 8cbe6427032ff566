"""Tiny models of other shapes, and adapters of every kind on them."""

import shutil
from pathlib import Path
from typing import Any


def write_gpt2(folder: Path, tokenizer: Path) -> Path:
    """Write a one-layer GPT-2 (Conv1D layers with biases, learned positions, tied output layer) in bfloat16."""
    import torch
    from transformers import AutoTokenizer, GenerationConfig, GPT2Config, GPT2LMHeadModel

    words = AutoTokenizer.from_pretrained(tokenizer)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(words), n_embd=64, n_layer=1, n_head=2, n_positions=64, bos_token_id=1, eos_token_id=2
    )
    model = GPT2LMHeadModel(config).to(torch.bfloat16)
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight, std=0.1)
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=2, pad_token_id=0)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(tokenizer / name, folder / name)
    return folder


def write_adapter(base: Path, folder: Path, spread: float = 0.05, **settings: Any) -> Path:
    """Write an adapter whose every trained weight is random: `settings` are those of `LoraConfig`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **{"r": 4, "lora_alpha": 8, **settings}))
    for name, weight in tuned.named_parameters():
        if "magnitude" in name:
            weight.data *= 1 + 0.2 * torch.rand_like(weight)
        elif weight.requires_grad:
            weight.data += torch.randn_like(weight) * spread
    tuned.save_pretrained(folder)
    return folder


def adapted(base: Path, adapter: Path) -> Any:
    """Return base + adapter as PEFT runs it, in float32."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()

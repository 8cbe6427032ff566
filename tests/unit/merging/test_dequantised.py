"""A merge into the base that QLoRA trained on, against the layers that transformers and bitsandbytes load."""

from pathlib import Path
from typing import Any

import pytest

from tasks.merging.adapter import read_adapter
from tasks.merging.weights import merge_weights
from tests.unit.merging.models import write_adapter, write_gpt2

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to"),
]


def quantised_layers(base: Path, dtype: str) -> dict[str, Any]:
    """Return what each 4-bit layer's weight reads back as, shape [outputs, inputs], by module."""
    from bitsandbytes.functional import dequantize_4bit

    from tasks.training.model import load_base
    from tasks.training.plan import Plan

    model = load_base(base, Plan(True, dtype, dtype, "", False, False))
    return {
        name: dequantize_4bit(module.weight.data, module.weight.quant_state).cpu()
        for name, module in model.named_modules()
        if type(module).__name__ == "Linear4bit"
    }


@pytest.mark.parametrize(("family", "held_in"), [("llama", "float32"), ("llama", "bfloat16"), ("gpt2", "float32")])
def test_every_quantised_layer_is_what_training_saw_rounded_once(
    tmp_path: Path, tiny_model: Path, family: str, held_in: str
) -> None:
    import torch
    from safetensors.torch import load_file

    base = tiny_model if family == "llama" else write_gpt2(tmp_path / "gpt2", tiny_model)
    target = "q_proj" if family == "llama" else "c_attn"
    adapter = read_adapter(write_adapter(base, tmp_path / "adapter", target_modules=[target]), "lora")
    out = tmp_path / "out"
    out.mkdir()
    done = merge_weights(base, adapter, out, held_in=held_in)
    found, before = load_file(out / "model.safetensors"), load_file(base / "model.safetensors")
    layers = quantised_layers(base, held_in)
    pairs = load_file(adapter.folder / "adapter_model.safetensors")
    for name, seen in layers.items():
        exact = seen.float()
        if name.endswith(target):
            key = f"base_model.model.{name}.lora_"
            exact = exact + (pairs[f"{key}B.weight"] @ pairs[f"{key}A.weight"]) * 2.0
        stored = exact.bfloat16()
        assert torch.equal(found[f"{name}.weight"], stored.T if family == "gpt2" else stored), name
    assert len(layers) == (14 if family == "llama" else 4)
    others = found.keys() - {f"{name}.weight" for name in layers}
    assert all(torch.equal(found[name], before[name]) for name in others)
    assert done.delta.tensors == (2 if family == "llama" else 1)

"""Base model and adapter, in the types the plan says."""

from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.training.params import TrainingParams
from tasks.training.plan import Device, Plan

NF4_ERROR = 0.15
"""Largest error, as a share of the norm: NF4 with blocks of 64 gives 0.092 for normal numbers (QLoRA, 2023)."""


def find_device() -> Device:
    """Return the device this process trains on."""
    import torch

    if torch.cuda.is_available():
        return Device("cuda", torch.cuda.is_bf16_supported(), torch.cuda.get_device_name())
    # Without matrix units (AMX) a CPU emulates bfloat16 products; with them it is many times faster than float32.
    return Device("cpu", bfloat16=torch.cpu._is_amx_tile_supported(), name="CPU")


def load_base(folder: Path, plan: Plan) -> Any:
    """Load the base model: safetensors, no code from the model's folder, in NF4 when the plan says so."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    quantisation = None
    if plan.quantised:
        quantisation = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, plan.compute_dtype),
        )
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=getattr(torch, plan.base_dtype),
        quantization_config=quantisation,
        device_map={"": 0} if torch.cuda.is_available() else {"": "cpu"},
        use_safetensors=True,
        trust_remote_code=False,
    )
    _keep_layout(model)
    if plan.quantised:
        check_quantisation(model)
    return model


def check_quantisation(model: Any) -> None:
    """Read normal numbers back from NF4 in the shape of each quantised layer: the base must be what it is trained as.

    bitsandbytes 0.50 on a CPU gives back wrong numbers, without an error, for most layers whose inputs are not a
    multiple of its block of 64 values: off by 25 % in norm where rounding alone is off by 9 %.

    Raises:
        ConfigError: A layer's numbers do not come back.
    """
    import torch
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    wrong = []
    device = next(model.parameters()).device
    layers = [(name, module) for name, module in model.named_modules() if type(module).__name__ == "Linear4bit"]
    for shape, name in {(module.out_features, module.in_features): name for name, module in reversed(layers)}.items():
        given = torch.randn(shape, device=device, generator=torch.Generator(device).manual_seed(0))
        back = dequantize_4bit(*quantize_4bit(given, quant_type="nf4", compress_statistics=True))
        if float((back - given).norm() / given.norm()) > NF4_ERROR:
            wrong.append(f"{name} ({shape[1]} inputs, {shape[0]} outputs)")
    if wrong:
        raise ConfigError(
            f"on this device 4-bit weights of these shapes do not come back as they were: {', '.join(wrong)}. "
            "Set training.method to lora, or train on a GPU."
        )


def _keep_layout(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights on a CPU at each validation.

    On processors with AVX512-BF16 it packs them for inference and, back in training, restores them by what its source
    calls best effort: scales go through bfloat16, so the base would change a little with each validation, and slowly.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def add_adapter(model: Any, params: TrainingParams) -> Any:
    """Put a fresh LoRA adapter on the base; the seed must have been set.

    Raises:
        ConfigError: A name in `target_modules` exists nowhere in the model.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    # PEFT's `prepare_model_for_kbit_training` is left out on purpose: it would hold embeddings, norms and the output
    # layer in float32, which costs memory and, with autocast around it, most of a step's time. TRL leaves it out too.
    for parameter in model.parameters():
        parameter.requires_grad = False
    targets: str | list[str] = list(params.target_modules)
    if params.target_modules == ("all-linear",):
        targets = "all-linear"
    else:
        present = {name.rpartition(".")[2] for name, _module in model.named_modules()}
        if unknown := sorted(set(params.target_modules) - present):
            linear = sorted(name for name in present if name.endswith("_proj"))
            raise ConfigError(
                f"training.target_modules names layers the model does not have: {', '.join(unknown)}. "
                f"It has: {', '.join(linear)}; or write all-linear alone."
            )
    config = LoraConfig(
        r=params.r,
        lora_alpha=params.lora_alpha,
        lora_dropout=params.lora_dropout,
        target_modules=targets,
        bias="none",
        task_type=TaskType.CAUSAL_LM,
    )
    return get_peft_model(model, config)


def count_parameters(model: Any) -> tuple[int, int]:
    """Return how many parameters are trained and how many there are (a 4-bit pair counts as two)."""
    trained: int
    total: int
    trained, total = model.get_nb_trainable_parameters()
    return trained, total

"""The base model without its weights: what its modules are, which weights are tied, what QLoRA quantises."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError


@dataclass(frozen=True)
class Skeleton:
    """Facts about a model's modules.

    Attributes:
        kinds: `linear`, `transposed` (Conv1D: weight of shape [inputs, outputs]) or `embedding`, by module name.
        tied: Name of a weight to the name of the one whose values it shares.
        output: Name of the output layer's weight; empty when there is none.
        quantised: Modules whose weight QLoRA holds in 4 bits.
    """

    kinds: dict[str, str]
    tied: dict[str, str]
    output: str
    quantised: frozenset[str]


def read_skeleton(base: Path, *, quantised: bool = False) -> Skeleton:
    """Build the model of a folder's config on the meta device, where weights take no memory, and look at it.

    Args:
        base: The model's folder.
        quantised: Whether the 4-bit modules are asked for; finding them loads bitsandbytes.

    Raises:
        ConfigError: The base is stored quantised.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.pytorch_utils import Conv1D

    config = AutoConfig.from_pretrained(base, trust_remote_code=False)
    if getattr(config, "quantization_config", None):
        raise ConfigError(f"the base model {base} is stored quantised: name the 16-bit model as base.model")
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    kinds = {}
    for name, module in model.named_modules():
        if isinstance(module, Conv1D):
            kinds[name] = "transposed"
        elif isinstance(module, torch.nn.Embedding):
            kinds[name] = "embedding"
        elif isinstance(module, torch.nn.Linear):
            kinds[name] = "linear"
    head = model.get_output_embeddings()
    output = next((f"{name}.weight" for name, module in model.named_modules() if module is head), "") if head else ""
    tied = dict(model.all_tied_weights_keys)
    return Skeleton(kinds, tied, output, _quantised(model) if quantised else frozenset())


def _quantised(model: Any) -> frozenset[str]:
    """Return the modules that loading in 4 bits replaces, by asking transformers to replace them."""
    from transformers import BitsAndBytesConfig
    from transformers.integrations.bitsandbytes import replace_with_bnb_linear
    from transformers.quantizers.base import get_keys_to_not_convert

    # What `from_pretrained` leaves out: the output layer, tied weights, and what a model wants in float32.
    skip = [*get_keys_to_not_convert(model), *(model._keep_in_fp32_modules or ())]
    settings = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
    replaced = replace_with_bnb_linear(model, modules_to_not_convert=skip, quantization_config=settings)
    return frozenset(name for name, module in replaced.named_modules() if type(module).__name__ == "Linear4bit")

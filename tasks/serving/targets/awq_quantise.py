"""Quantises a model folder to 4 bits with llm-compressor: `python awq_quantise.py SETTINGS.json`.

It runs in an environment of its own, which has none of this project's modules. Settings: `model` (folder), `out`
(folder, made here), `rows` (token ids, one list for each calibration row), `group_size`.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main(path: str) -> None:
    """Quantise, save weights and `config.json`."""
    import torch
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQModifier
    from llmcompressor.pipelines.cache import IntermediatesCache
    from transformers import AutoModelForCausalLM, AutoTokenizer

    settings: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    if not torch.accelerator.is_available():
        # llm-compressor pins memory for transfers to a device, which fails where there is none.
        IntermediatesCache.pin_memory = lambda *_given, **_named: None
    model = AutoModelForCausalLM.from_pretrained(
        settings["model"], dtype="auto", use_safetensors=True, trust_remote_code=False
    )
    tokenizer = AutoTokenizer.from_pretrained(settings["model"], trust_remote_code=False)
    rows = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in settings["rows"]]
    weights = QuantizationArgs(
        num_bits=4, type="int", strategy="group", group_size=settings["group_size"], symmetric=False
    )
    groups = {"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}
    oneshot(
        model=model,
        tokenizer=tokenizer,
        dataset=Dataset.from_list(rows),
        recipe=[AWQModifier(), QuantizationModifier(config_groups=groups, ignore=["lm_head"])],
        max_seq_length=max(map(len, settings["rows"])),
        num_calibration_samples=len(rows),
        shuffle_calibration_samples=False,
    )
    model.save_pretrained(settings["out"], save_compressed=True)


if __name__ == "__main__":
    main(sys.argv[1])

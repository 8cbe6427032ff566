"""Stands in for llm-compressor: rounds to the nearest of 16 levels per group, and packs as compressed-tensors does.

`python compressor.py [--fail] [--coarse] AWQ_QUANTISE.PY SETTINGS.json`, so that it can take an interpreter's place.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch


def packed(levels: torch.Tensor) -> torch.Tensor:
    """Pack numbers below 16, shape [rows, columns], into int32 words, the lowest bits first; the rest is zero."""
    rows = []
    for row in levels.tolist():
        padded = row + [0] * (-len(row) % 8)
        words = [sum(level << (4 * at) for at, level in enumerate(padded[i : i + 8])) for i in range(0, len(padded), 8)]
        rows.append([word - (1 << 32) if word >= 1 << 31 else word for word in words])
    return torch.tensor(rows, dtype=torch.int32)


def quantised(name: str, weight: torch.Tensor, width: int, levels: int = 15) -> dict[str, torch.Tensor]:
    """Return the four tensors of one weight."""
    groups = weight.float().view(weight.shape[0], -1, width)
    low, high = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
    scale = ((high - low) / levels).clamp(min=1e-8)
    zero = (-low / scale).round().clamp(0, 15)
    level = ((groups / scale[..., None]).round() + zero[..., None]).clamp(0, 15).to(torch.int64)
    return {
        f"{name}_packed": packed(level.flatten(1)),
        f"{name}_scale": scale,
        f"{name}_zero_point": packed(zero.to(torch.int64).T).T.contiguous(),
        f"{name}_shape": torch.tensor(weight.shape),
    }


def main(given: list[str]) -> None:
    """Quantise every linear layer of a model folder."""
    from safetensors.torch import load_file, save_file

    if "--fail" in given:
        sys.exit("no such device")
    settings: dict[str, Any] = json.loads(Path(given[-1]).read_text())
    model, out = Path(settings["model"]), Path(settings["out"])
    out.mkdir()
    found: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(model / "model.safetensors").items():
        if "proj" in name:
            found |= quantised(name, tensor, settings["group_size"], 1 if "--coarse" in given else 15)
        else:
            found[name] = tensor
    save_file(found, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((model / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(config | {"quantization_config": {"bits": 4}}))
    (out / "tokenizer.json").write_text("another transformers' tokenizer")


if __name__ == "__main__":
    main(sys.argv[1:])

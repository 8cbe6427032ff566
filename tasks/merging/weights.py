"""The merge itself: one shard of the base after the other, float32 arithmetic, one rounding."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.merging.adapter import WEIGHTS, Adapter

INDEX = "model.safetensors.index.json"
_FLOATS = ("BF16", "F16", "F32")


@dataclass
class Delta:
    """What the merge changed, summed over the tensors that the adapter names.

    Attributes:
        change: Sum of squares of (merged - base).
        intended: Sum of squares of the change before it was rounded.
        base: Sum of squares of the base's weights.
        changed: Elements that differ after rounding.
        elements: All elements.
    """

    change: float = 0.0
    intended: float = 0.0
    base: float = 0.0
    changed: int = 0
    elements: int = 0

    def figures(self) -> dict[str, float]:
        """Return the relative norms (after and before rounding) and the share of changed elements."""
        return {
            "relative_norm": math.sqrt(self.change / self.base) if self.base else 0.0,
            "intended_norm": math.sqrt(self.intended / self.base) if self.base else 0.0,
            "changed_share": self.changed / self.elements if self.elements else 0.0,
        }


def merge_weights(
    base: Path, adapter: Adapter, out: Path, on_tensor: Callable[[int], None] = lambda _done: None
) -> tuple[Delta, str]:
    """Write the base's safetensors files with the adapter merged into them.

    Args:
        base: The base model's folder.
        adapter: What is merged.
        out: An existing folder.
        on_tensor: Told how many of the adapter's tensors are done, after each.

    Returns:
        What changed, and the merged tensors' dtype (such as `bfloat16`).

    Raises:
        ConfigError: The base is quantised, or lacks a tensor that the adapter changes.
    """
    from safetensors import safe_open
    from safetensors.torch import save_file

    shards = sorted(base.glob("*.safetensors"))
    _check_targets(base, shards, adapter)
    delta, dtypes, done = Delta(), set(), 0
    with safe_open(adapter.folder / WEIGHTS, framework="pt") as lora:
        for shard in shards:
            tensors = {}
            with safe_open(shard, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - safe_open is no mapping
                    tensors[name] = file.get_tensor(name)
                    if name in adapter.modules:
                        tensors[name] = _merged(tensors[name], lora, adapter.modules[name], adapter, delta)
                        dtypes.add(str(tensors[name].dtype).removeprefix("torch."))
                        done += 1
                        on_tensor(done)
            save_file(tensors, out / shard.name, metadata={"format": "pt"})
    if (base / INDEX).is_file():
        shutil.copyfile(base / INDEX, out / INDEX)
    return delta, "+".join(sorted(dtypes))


def _check_targets(base: Path, shards: list[Path], adapter: Adapter) -> None:
    from safetensors import safe_open

    config = json.loads((base / "config.json").read_text())
    if "quantization_config" in config:
        raise ConfigError(f"the base model {base} is stored quantised: name the 16-bit model as base.model")
    dtypes = {}
    for shard in shards:
        with safe_open(shard, framework="pt") as file:
            dtypes.update({name: file.get_slice(name).get_dtype() for name in file.keys()})  # noqa: SIM118
    if lost := [name for name in adapter.modules if name not in dtypes]:
        tied = " It is tied to the embeddings: leave it out of the adapter's targets." if "lm_head" in lost[0] else ""
        raise ConfigError(
            f"the base model {base} has no tensor '{lost[0]}' ({len(lost)} of {len(adapter.modules)} that the adapter "
            f"changes are missing): was the adapter trained on another base?{tied}"
        )
    if odd := [name for name in adapter.modules if dtypes[name] not in _FLOATS]:
        raise ConfigError(f"'{odd[0]}' of the base model is stored as {dtypes[odd[0]]}: name the 16-bit model as base")


def _merged(tensor: Any, lora: Any, module: str, adapter: Adapter, delta: Delta) -> Any:
    """Return one tensor with its LoRA pair added in float32 and rounded once to its own dtype."""
    left = lora.get_tensor(f"base_model.model.{module}.lora_B.weight").float()
    right = lora.get_tensor(f"base_model.model.{module}.lora_A.weight").float()
    change = (left @ right) * adapter.scaling(module, right.shape[0])
    merged = (tensor.float() + change).to(tensor.dtype)
    rounded = merged.float() - tensor.float()
    delta.change += float(rounded.double().square().sum())
    delta.intended += float(change.double().square().sum())
    delta.base += float(tensor.double().square().sum())
    delta.changed += int((merged != tensor).sum())
    delta.elements += tensor.numel()
    return merged

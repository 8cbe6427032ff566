"""A LoRA adapter on disk: what it asks for, and whether it can be merged exactly."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import ArtifactError, ConfigError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_KEY = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")
# Other starting points (pissa, olora, corda, loftq...) change the base's weights too, which the adapter does not hold.
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
_LATER = {
    "use_dora": "DoRA",
    "modules_to_save": "modules_to_save (whole layers trained beside LoRA)",
    "target_parameters": "target_parameters (LoRA on bare parameters)",
    "trainable_token_indices": "trainable_token_indices",
    "layer_replication": "layer_replication",
    "lora_bias": "lora_bias",
    "use_qalora": "QALoRA",
    "use_bdlora": "block-diagonal LoRA",
    "alora_invocation_tokens": "activated LoRA",
    "arrow_config": "Arrow routing",
    "fan_in_fan_out": "transposed layers (Conv1D, fan_in_fan_out)",
}


@dataclass(frozen=True)
class Adapter:
    """The adapter's settings and, for each base tensor it changes, the module's name.

    Attributes:
        folder: The PEFT folder.
        config: Its `adapter_config.json`.
        modules: Name of the base tensor (`...weight`) to the module's name in the adapter.
    """

    folder: Path
    config: dict[str, Any]
    modules: dict[str, str]

    def scaling(self, module: str, rank: int) -> float:
        """Return what B @ A is multiplied by in one module: alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA."""
        alpha = _by_pattern(self.config.get("alpha_pattern") or {}, module, self.config["lora_alpha"])
        return float(alpha) / (math.sqrt(rank) if self.config.get("use_rslora") else rank)


def read_adapter(folder: Path, method: str) -> Adapter:
    """Read an adapter's settings and tensor names.

    Args:
        folder: The PEFT folder.
        method: What the training says it is.

    Raises:
        ArtifactError: Files are missing.
        ConfigError: It is no adapter that can be merged exactly; every reason is named.
    """
    from safetensors import safe_open

    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise ArtifactError(f"{folder} holds no {CONFIG} and {WEIGHTS}: run the training again")
    config = json.loads((folder / CONFIG).read_text())
    with safe_open(folder / WEIGHTS, framework="numpy") as file:
        keys = list(file.keys())
    matches = {key: _KEY.match(key) for key in keys}
    reasons = refusals(config, method)
    if not reasons and (strange := [key for key, match in matches.items() if match is None]):
        reasons = [f"it holds {len(strange)} tensors that are no LoRA pair of a linear layer (the first: {strange[0]})"]
    if reasons:
        raise ConfigError(
            f"the adapter in {folder} cannot be merged: {'; '.join(reasons)}. Train with plain LoRA or QLoRA on linear "
            "layers, or serve base and adapter apart."
        )
    modules = {match["module"] for match in matches.values() if match}
    return Adapter(folder, config, {f"{module}.weight": module for module in sorted(modules)})


def refusals(config: Mapping[str, Any], method: str) -> list[str]:
    """Return every reason why an adapter's settings rule out an exact merge."""
    kind = str(config.get("peft_type", "")).upper()
    if kind != "LORA":
        return [f"its method is {kind or method}, and only LoRA can be merged"]
    reasons = [f"it uses {name}, which is not merged yet" for field, name in _LATER.items() if config.get(field)]
    if config.get("bias", "none") != "none":
        reasons.append(f"it trained biases (bias={config['bias']}), which are not merged yet")
    start = config.get("init_lora_weights")
    if not any(start is plain or start == plain for plain in _PLAIN_STARTS):
        reasons.append(f"its starting point '{start}' changes the base's own weights")
    return reasons


def _by_pattern(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """Return the value of the first pattern that ends a module's name, as PEFT looks it up."""
    for pattern, value in patterns.items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default

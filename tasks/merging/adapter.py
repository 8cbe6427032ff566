"""A LoRA adapter on disk: what it asks for, and which tensors of the base it changes how."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.errors import ArtifactError, ConfigError
from tasks.merging.tensors import FLOATS, Stored, read_headers

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_PARTS = {
    ".lora_A.weight": ("left_key", "weight"),
    ".lora_B.weight": ("right_key", "weight"),
    ".lora_embedding_A": ("left_key", "weight"),
    ".lora_embedding_B": ("right_key", "weight"),
    ".lora_magnitude_vector": ("magnitude_key", "weight"),
    ".lora_B.bias": ("added_key", "bias"),
}
# Other starting points (pissa, olora, corda, loftq...) change the base's weights too, which the adapter does not hold.
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
_IMPOSSIBLE = {
    "target_parameters": "target_parameters (LoRA on bare parameters)",
    "trainable_token_indices": "trainable_token_indices (single rows of the embeddings)",
    "layer_replication": "layer_replication (the model has more layers than its base)",
    "use_qalora": "QALoRA",
    "use_bdlora": "block-diagonal LoRA",
    "alora_invocation_tokens": "activated LoRA, which depends on the text",
    "arrow_config": "Arrow routing, which depends on the text",
    "velora_config": "VeLoRA",
    "monteclora_config": "MonteCLoRA",
    "kasa_config": "KaSA",
    "megatron_config": "Megatron layers",
}


@dataclass(frozen=True)
class Change:
    """What happens to one tensor of the base.

    Attributes:
        tensor: The parameter's name in the model (`...weight` or `...bias`).
        module: The module it belongs to.
        scaling: What the low-rank product, or an added bias, is multiplied by.
        left_key: Key of A in the adapter, shape [r, inputs]; of an embedding, [r, tokens].
        right_key: Key of B, shape [outputs, r]; of an embedding, [dimension, r].
        magnitude_key: Key of DoRA's magnitudes, shape [outputs].
        whole_key: Key of a tensor that takes the base's place (modules_to_save, trained biases).
        added_key: Key of a bias that is scaled and added (lora_bias).
        embedding: Whether the pair is that of an embedding.
    """

    tensor: str
    module: str
    scaling: float = 1.0
    left_key: str = ""
    right_key: str = ""
    magnitude_key: str = ""
    whole_key: str = ""
    added_key: str = ""
    embedding: bool = False


@dataclass(frozen=True)
class Adapter:
    """The adapter's settings and what it changes.

    Attributes:
        folder: The PEFT folder.
        config: Its `adapter_config.json`.
        changes: By the changed parameter's name in the model.
        tensors: Where each of its tensors lies, by key.
        copies: Copies of the base's own tensors that PEFT stored beside an adapted embedding: name to key.
    """

    folder: Path
    config: dict[str, Any]
    changes: dict[str, Change]
    tensors: dict[str, Stored]
    copies: dict[str, str]


def read_adapter(folder: Path, method: str) -> Adapter:
    """Read an adapter's settings and tensor names.

    Args:
        folder: The PEFT folder.
        method: What the training says it is.

    Raises:
        ArtifactError: Files are missing.
        ConfigError: It is no adapter that can be merged exactly; every reason is named.
    """
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise ArtifactError(f"{folder} holds no {CONFIG} and {WEIGHTS}: run the training again")
    config = json.loads((folder / CONFIG).read_text())
    reasons = refusals(config, method)
    changes: dict[str, Change] = {}
    copies: dict[str, str] = {}
    tensors: dict[str, Stored] = {}
    if not reasons:
        tensors = read_headers([folder / WEIGHTS])
        changes, copies, reasons = sort_keys({key: stored.shape for key, stored in tensors.items()}, config)
        reasons += [f"'{key}' is stored as {one.dtype}" for key, one in tensors.items() if one.dtype not in FLOATS]
    if reasons:
        raise ConfigError(
            f"the adapter in {folder} cannot be merged: {'; '.join(reasons)}. Train with LoRA, QLoRA or DoRA on linear "
            "layers or embeddings, or serve base and adapter apart."
        )
    return Adapter(folder, config, changes, tensors, copies)


def refusals(config: Mapping[str, Any], method: str) -> list[str]:
    """Return every reason why an adapter's settings rule out an exact merge."""
    kind = str(config.get("peft_type", "")).upper()
    if kind != "LORA":
        return [f"its method is {kind or method}, and only LoRA can be merged"]
    reasons = [
        f"it uses {name}, which cannot be merged here" for field, name in _IMPOSSIBLE.items() if config.get(field)
    ]
    start = config.get("init_lora_weights")
    if not any(start is plain or start == plain for plain in _PLAIN_STARTS):
        reasons.append(f"its starting point '{start}' changes the base's own weights")
    return reasons


def sort_keys(
    shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any]
) -> tuple[dict[str, Change], dict[str, str], list[str]]:
    """Sort an adapter's tensors by the base tensor they change.

    Returns:
        The changes, the copies of the base's tensors, and the reasons why it cannot be merged.
    """
    changes: dict[str, Change] = {}
    copies: dict[str, str] = {}
    strange = []
    for key in sorted(shapes):
        name = key.removeprefix(_PREFIX)
        ending = next((ending for ending in _PARTS if name.endswith(ending)), None)
        if ending:
            field, leaf = _PARTS[ending]
            module = name.removesuffix(ending)
            extra: dict[str, Any] = {field: key} | ({"embedding": True} if "lora_embedding" in ending else {})
        elif name.endswith(".base_layer.weight"):
            copies[name.replace(".base_layer.", ".")] = key
            continue
        else:
            plain = name.replace(".base_layer.", ".")
            module, _, leaf = plain.rpartition(".")
            trained = config.get("modules_to_save") or (leaf == "bias" and config.get("bias", "none") != "none")
            if "lora_" in name or key == name or not module or not trained:
                strange.append(key)
                continue
            extra = {"whole_key": key}
        tensor = f"{module}.{leaf}"
        changes[tensor] = replace(changes.get(tensor) or Change(tensor, module), **extra)
    reasons = [f"it holds {len(strange)} tensors of no known kind (the first: {strange[0]})"] if strange else []
    reasons += _torn(changes.values())
    if not shapes:
        reasons.append("it holds no tensors")
    scaled = {name: _scaled(change, changes, shapes, config) for name, change in changes.items()}
    return scaled, copies, reasons


def _torn(changes: Iterable[Change]) -> list[str]:
    """Return a reason when a LoRA pair is not whole, or meets a tensor that replaces the base's."""
    for change in changes:
        if bool(change.left_key) != bool(change.right_key) or (change.magnitude_key and not change.left_key):
            return [f"only a part of what it needs for '{change.tensor}' is there"]
        if change.left_key and change.whole_key:
            return [f"it both replaces '{change.tensor}' and has a LoRA pair for it"]
    return []


def _scaled(
    change: Change, changes: Mapping[str, Change], shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any]
) -> Change:
    """Return the change with its factor: alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA."""
    pair = changes.get(f"{change.module}.weight")
    if pair is None or not pair.left_key or not (change.left_key or change.added_key):
        return change
    # The rank is read off the tensors: a pattern in the settings cannot disagree with it.
    rank = shapes[pair.left_key][0]
    alpha = _by_pattern(config.get("alpha_pattern") or {}, change.module, config["lora_alpha"])
    return replace(change, scaling=float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank))


def _by_pattern(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """Return the value of the first pattern that ends a module's name, as PEFT looks it up."""
    for pattern, value in patterns.items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tasks.errors import ArtifactError, ConfigError
from tasks.merging.adapter import read_adapter, refusals

PLAIN = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "init_lora_weights": True}


PAIR = {"layers.0.q_proj.lora_A.weight": (4, 8), "layers.0.q_proj.lora_B.weight": (8, 4)}


def write_adapter(folder: Path, config: dict[str, object], shapes: dict[str, tuple[int, ...]] = PAIR) -> Path:
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tensors = {f"base_model.model.model.{key}": np.zeros(shape, np.float32) for key, shape in shapes.items()}
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def scaling(folder: Path, module: str = "model.layers.0.q_proj") -> float:
    return read_adapter(folder, "lora").changes[f"{module}.weight"].scaling


def test_changes_are_named_after_the_base_tensors(tmp_path: Path) -> None:
    (change,) = read_adapter(write_adapter(tmp_path, PLAIN), "lora").changes.values()
    assert change.tensor == "model.layers.0.q_proj.weight"
    assert change.left_key.endswith("lora_A.weight")
    assert change.right_key.endswith("lora_B.weight")


def test_scaling_knows_rank_stabilised_lora_and_patterns(tmp_path: Path) -> None:
    both = {**PAIR, "layers.0.v_proj.lora_A.weight": (2, 8), "layers.0.v_proj.lora_B.weight": (8, 2)}
    folder = write_adapter(tmp_path, PLAIN, both)
    assert scaling(folder) == 2.0
    assert scaling(folder, "model.layers.0.v_proj") == 4.0  # rank_pattern: the rank is that of the tensors
    write_adapter(tmp_path, {**PLAIN, "use_rslora": True}, both)
    assert scaling(folder) == 8 / math.sqrt(4)
    write_adapter(tmp_path, {**PLAIN, "alpha_pattern": {"q_proj": 16}}, both)
    assert scaling(folder) == 4.0
    assert scaling(folder, "model.layers.0.v_proj") == 4.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"peft_type": "IA3"}, "IA3"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"target_parameters": ["w"]}, "target_parameters"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"alora_invocation_tokens": [1]}, "depends on the text"),
        ({"layer_replication": [[0, 2]]}, "more layers"),
    ],
)
def test_what_cannot_be_merged_is_refused_by_name(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_adapter(write_adapter(tmp_path, {**PLAIN, **change}), "lora")


def test_every_reason_is_in_one_message() -> None:
    assert len(refusals({**PLAIN, "use_qalora": True, "kasa_config": {"a": 1}, "init_lora_weights": "olora"}, "x")) == 3


@pytest.mark.parametrize("start", [True, False, None, "gaussian", "orthogonal"])
def test_starting_points_that_leave_the_base_alone_are_fine(start: object) -> None:
    assert refusals({**PLAIN, "init_lora_weights": start}, "lora") == []


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"layers.0.q_proj.lora_A.weight": (4, 8)}, "only a part"),
        ({"layers.0.q_proj.lora_magnitude_vector": (8,)}, "only a part"),
        ({**PAIR, "layers.0.k_proj.lora_C.weight": (4, 8)}, "no known kind"),
        ({**PAIR, "embed_tokens.weight": (9, 8)}, "no known kind"),  # nothing in the settings asked for it
        ({**PAIR, "layers.0.q_proj.bias": (8,)}, "no known kind"),
        ({}, "no tensors"),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        read_adapter(write_adapter(tmp_path, PLAIN, shapes), "lora")


def test_a_layer_that_is_replaced_and_adapted_is_refused(tmp_path: Path) -> None:
    folder = write_adapter(
        tmp_path, {**PLAIN, "modules_to_save": ["q_proj"]}, {**PAIR, "layers.0.q_proj.weight": (8, 8)}
    )
    with pytest.raises(ConfigError, match="both replaces"):
        read_adapter(folder, "lora")


def test_copies_of_the_base_are_no_changes(tmp_path: Path) -> None:
    shapes = {**PAIR, "embed_tokens.base_layer.weight": (9, 8)}
    adapter = read_adapter(write_adapter(tmp_path, PLAIN, shapes), "lora")
    assert list(adapter.changes) == ["model.layers.0.q_proj.weight"]
    assert list(adapter.copies) == ["model.embed_tokens.weight"]


def test_an_empty_folder_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run the training again"):
        read_adapter(tmp_path, "lora")

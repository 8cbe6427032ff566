import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tasks.errors import ArtifactError, ConfigError
from tasks.merging.adapter import read_adapter, refusals

PLAIN = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "init_lora_weights": True}


def write_adapter(folder: Path, config: dict[str, object], keys: tuple[str, ...] = ()) -> Path:
    pair = (
        "base_model.model.model.layers.0.q_proj.lora_A.weight",
        "base_model.model.model.layers.0.q_proj.lora_B.weight",
    )
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file({key: np.zeros((2, 2), np.float32) for key in (*pair, *keys)}, folder / "adapter_model.safetensors")
    return folder


def test_the_modules_are_named_after_the_base_tensors(tmp_path: Path) -> None:
    adapter = read_adapter(write_adapter(tmp_path, PLAIN), "lora")
    assert adapter.modules == {"model.layers.0.q_proj.weight": "model.layers.0.q_proj"}


def test_scaling_knows_rank_stabilised_lora_and_patterns(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, PLAIN)
    assert read_adapter(folder, "lora").scaling("model.layers.0.q_proj", 4) == 2.0
    write_adapter(tmp_path, {**PLAIN, "use_rslora": True})
    assert read_adapter(folder, "lora").scaling("model.layers.0.q_proj", 4) == 8 / math.sqrt(4)
    write_adapter(tmp_path, {**PLAIN, "alpha_pattern": {"q_proj": 16}})
    assert read_adapter(folder, "lora").scaling("model.layers.0.q_proj", 4) == 4.0
    assert read_adapter(folder, "lora").scaling("model.layers.0.v_proj", 4) == 2.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"bias": "all"}, "bias=all"),
        ({"peft_type": "IA3"}, "IA3"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"fan_in_fan_out": True}, "Conv1D"),
        ({"target_parameters": ["w"]}, "target_parameters"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
    ],
)
def test_what_cannot_be_merged_is_refused_by_name(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_adapter(write_adapter(tmp_path, {**PLAIN, **change}), "lora")


def test_every_reason_is_in_one_message() -> None:
    assert len(refusals({**PLAIN, "use_dora": True, "bias": "all", "lora_bias": True}, "lora")) == 3


@pytest.mark.parametrize("start", [True, False, None, "gaussian", "orthogonal"])
def test_starting_points_that_leave_the_base_alone_are_fine(start: object) -> None:
    assert refusals({**PLAIN, "init_lora_weights": start}, "lora") == []


def test_tensors_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, PLAIN, ("base_model.model.model.embed_tokens.lora_embedding_A",))
    with pytest.raises(ConfigError, match="lora_embedding_A"):
        read_adapter(folder, "lora")


def test_an_empty_folder_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run the training again"):
        read_adapter(tmp_path, "lora")

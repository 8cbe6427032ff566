"""What the base is loaded as."""

from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.training.model import find_device, load_base
from tasks.training.params import TrainingParams
from tasks.training.plan import Plan, make_plan
from tests.tiny import write_tiny_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def plan(method: str) -> Plan:
    return make_plan(TrainingParams.model_validate({"method": method}), find_device())


def test_layers_that_do_not_come_back_from_four_bits_are_refused(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path, hidden_size=96)
    with pytest.raises(ConfigError, match=r"do not come back.*q_proj \(96 inputs.*training\.method to lora") as caught:
        load_base(model, plan("qlora"))
    assert "layers.1" not in str(caught.value), "each shape is named once"
    load_base(model, plan("lora"))


def test_layers_that_come_back_are_taken(tmp_path: Path) -> None:
    assert load_base(write_tiny_model(tmp_path), plan("qlora")).is_loaded_in_4bit

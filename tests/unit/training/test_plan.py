import pytest

from tasks.errors import ConfigError
from tasks.training.params import TrainingParams
from tasks.training.plan import Device, make_plan

CPU = Device("cpu", bfloat16=False, name="CPU")
MATRIX_CPU = Device("cpu", bfloat16=True, name="CPU")
AMPERE = Device("cuda", bfloat16=True, name="A100")
TURING = Device("cuda", bfloat16=False, name="T4")


@pytest.mark.parametrize(
    ("device", "dtype", "optim"),
    [
        (CPU, "float32", "adamw_torch"),
        (MATRIX_CPU, "bfloat16", "adamw_torch"),
        (AMPERE, "bfloat16", "paged_adamw_8bit"),
        (TURING, "float16", "paged_adamw_8bit"),
    ],
)
def test_auto_is_decided_by_the_device(device: Device, dtype: str, optim: str) -> None:
    plan = make_plan(TrainingParams(), device)
    assert (plan.compute_dtype, plan.optim) == (dtype, optim)
    assert (plan.bf16, plan.fp16) == (dtype == "bfloat16", dtype == "float16")


def test_what_is_asked_for_wins_over_auto() -> None:
    plan = make_plan(TrainingParams(compute_dtype="float32", optimizer="adamw_torch", method="lora"), AMPERE)
    assert (plan.compute_dtype, plan.optim, plan.quantised) == ("float32", "adamw_torch", False)
    assert make_plan(TrainingParams(method="qlora"), CPU).quantised


def test_all_impossible_wishes_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        make_plan(TrainingParams(compute_dtype="float16", optimizer="paged_adamw_8bit"), CPU)
    assert "paged_adamw_8bit" in str(caught.value)
    assert "float16" in str(caught.value)
    with pytest.raises(ConfigError, match="T4"):
        make_plan(TrainingParams(compute_dtype="bfloat16"), TURING)

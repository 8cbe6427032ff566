"""Trainings that differ in nothing but their seed."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks.gating.noise import noise_floor
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bounds
from tasks.gating.verdict import Others, judge


@pytest.fixture
def folder(evaluation, task_item, general_items) -> Callable[[str, int], Path]:
    def make(model: str, right: int) -> Path:
        return evaluation(model, [task_item(index, [index < right]) for index in range(100)], general_items(300, 0))

    return make


def test_the_floor_is_the_prediction_interval_of_one_more_seed(folder) -> None:
    base, tuned = folder("base", 20), folder("tuned", 60)
    repeats = [folder("one", 56), folder("two", 64)]
    params = GatingParams()
    line, said = noise_floor(base, tuned, repeats, Bounds(params, None), params)
    # sd of 0.40, 0.36, 0.44 is 0.04; t of 0.975 with 2 degrees of freedom is 4.3027 (any table).
    assert said["sd"] == pytest.approx(0.04)
    assert said["floor"] == pytest.approx(4.3027 * 0.04 * math.sqrt(4 / 3), rel=1e-4)
    assert (line.n, line.outcome, line.difference) == (3, "pass", pytest.approx(0.4))
    assert line.low == pytest.approx(0.4 - said["floor"])


def test_a_gain_that_chance_can_make_is_not_released(folder) -> None:
    base, tuned = folder("base", 20), folder("tuned", 60)
    repeats = [folder("one", 20), folder("two", 30)]
    verdict = judge(base, tuned, GatingParams(), None, Others(repeats=repeats))
    assert judge(base, tuned, GatingParams())["outcome"] == "pass"
    assert verdict["outcome"] == "inconclusive"
    assert verdict["noise"]["trainings"] == 3
    assert any("noise floor: field_accuracy went from 0.200" in reason for reason in verdict["reasons"])
    # Where a loss is allowed, the floor is counted from that loss.
    assert judge(base, tuned, GatingParams(min_task_gain=-1), None, Others(repeats=repeats))["outcome"] == "pass"


def test_one_more_training_is_too_few() -> None:
    with pytest.raises(ValidationError, match="Set 2 or more, or 0"):
        GatingParams(noise_seeds=1)

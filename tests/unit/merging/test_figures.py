import math

import pytest
import torch

from tasks.errors import ProofError
from tasks.merging.figures import Distance, misses, rounded, thresholds
from tasks.merging.params import MergingParams
from tasks.merging.parity import check_delta, check_parity

GOOD = {
    "max_logit_difference": 0.1,
    "mean_logit_difference": 0.01,
    "kl": 0.001,
    "top1_agreement": 1.0,
    "greedy_equal": 1.0,
    "task_score_equal": 1.0,
    "relative_difference": 0.01,
}


def test_equal_logits_have_no_distance() -> None:
    distance = Distance()
    distance.add(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 2.0]]))
    assert distance.figures() == {
        "max_logit_difference": 0.0,
        "mean_logit_difference": 0.0,
        "kl": 0.0,
        "top1_agreement": 1.0,
    }


def test_known_logits_give_known_figures() -> None:
    distance = Distance()
    distance.add(torch.tensor([[0.0, math.log(3)], [0.0, 1.0]]), torch.tensor([[math.log(3), 0.0], [0.0, 1.0]]))
    figures = distance.figures()
    assert figures["max_logit_difference"] == pytest.approx(math.log(3), rel=1e-4)
    assert figures["mean_logit_difference"] == pytest.approx(math.log(3) / 2, rel=1e-4)
    assert figures["kl"] == pytest.approx(0.5 * math.log(3) / 2, rel=1e-3)
    assert figures["top1_agreement"] == 0.5


def test_figures_are_rounded_for_stable_bytes() -> None:
    assert rounded(0.123456789) == 0.12346
    assert rounded(0.0) == 0.0


def test_narrower_rounding_gets_narrower_limits() -> None:
    params = MergingParams(max_logit_difference=4, mean_logit_difference=1, max_kl=0.5)
    assert thresholds(params, "bfloat16")["max_logit_difference"] == 4
    assert thresholds(params, "float16")["mean_logit_difference"] == 1 / 8
    assert thresholds(params, "float32")["kl"] == pytest.approx(0.005)
    assert thresholds(params, "bfloat16+float32")["kl"] == 0.5


@pytest.mark.parametrize(
    ("name", "value", "params"),
    [
        ("max_logit_difference", 0.2, MergingParams(max_logit_difference=0.15)),
        ("mean_logit_difference", 0.02, MergingParams(mean_logit_difference=0.015)),
        ("kl", 0.002, MergingParams(max_kl=0.0015)),
        ("top1_agreement", 0.98, MergingParams(min_top1_agreement=0.99)),
        ("greedy_equal", 0.9, MergingParams(min_greedy_equal=0.95)),
        ("task_score_equal", 0.7, MergingParams(min_task_score_equal=0.75)),
        ("relative_difference", 0.3, MergingParams(max_relative_difference=0.2)),
        ("kl", math.nan, MergingParams()),
    ],
)
def test_each_limit_is_held(name: str, value: float, params: MergingParams) -> None:
    limits = thresholds(params, "bfloat16")
    assert misses(GOOD, limits) == []
    assert misses({**GOOD, name: value}, limits) == [name]


def test_a_miss_is_an_error_with_every_figure() -> None:
    limits = thresholds(MergingParams(), "bfloat16")
    figures = {**GOOD, "kl": 3.0, "thresholds": limits, "missed": ["kl"]}
    with pytest.raises(ProofError, match=r"kl: 3 \(limit 0.01\) <- missed") as caught:
        check_parity(figures)
    assert all(name in str(caught.value) for name in GOOD)
    check_parity({**figures, "missed": []})


def test_a_merge_that_changed_nothing_is_an_error() -> None:
    with pytest.raises(ProofError, match="changed no weight"):
        check_delta({"changed_share": 0.0, "relative_norm": 0.0, "intended_norm": 1e-9})
    check_delta({"changed_share": 0.1, "relative_norm": 0.1, "intended_norm": 0.1})

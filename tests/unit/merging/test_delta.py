import pytest
import torch

from tasks.merging.delta import Delta, compare
from tasks.merging.nf4 import rounded_to
from tasks.merging.score import task_score


def delta_of(base: torch.Tensor, change: torch.Tensor) -> Delta:
    exact = base + change
    delta = Delta()
    delta.add("w", compare(base, rounded_to(base, "BF16"), exact, rounded_to(exact, "BF16")))
    return delta


def test_rounding_is_to_the_nearest_and_ties_to_even() -> None:
    step = 2.0**-7  # between bfloat16 numbers from 1 on
    given = torch.tensor([1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, 1 + 0.49 * step])
    assert rounded_to(given, "BF16").tolist() == [1.0, 1 + 2 * step, 1 + step, 1.0]


def test_a_change_of_whole_steps_is_kept_whole() -> None:
    figures = delta_of(torch.ones(100), torch.full((100,), 2.0**-6)).figures()
    assert figures["changed_share"] == 1.0
    assert figures["lost_share"] == 0.0
    assert figures["rounding_noise"] == 0.0
    assert figures["relative_norm"] == figures["intended_norm"] == pytest.approx(2.0**-6)


def test_a_change_below_half_a_step_is_lost_and_warned_of() -> None:
    change = torch.full((100,), 2.0**-9)
    change[:10] = 2.0**-7  # a tenth of the elements move by a whole step
    delta = delta_of(torch.ones(100), change)
    figures = delta.figures()
    kept, lost = 10 * 2.0**-14, 90 * 2.0**-18
    assert figures["changed_share"] == pytest.approx(0.1)
    assert figures["lost_share"] == pytest.approx(lost / (kept + lost), rel=1e-3)
    assert "near no-op: rounding swallowed 36%" in delta.warnings()[0]


def test_noise_above_the_change_is_warned_of() -> None:
    change = torch.full((1000,), 2.0**-8 * 1.01)  # just over half a step: each element moves by a whole one
    delta = delta_of(torch.ones(1000), change * torch.tensor([1.0] + [0.2] * 9).repeat(100))
    assert delta.figures()["rounding_noise"] > 0.5
    assert delta_of(torch.ones(1000), change).warnings() == []


def test_tensors_that_did_not_change_are_named() -> None:
    delta = delta_of(torch.ones(4), torch.full((4,), 0.5))
    same = torch.ones(4)
    delta.add("v", compare(same, same, same, same))
    delta.add("not named by the adapter", None)
    assert (delta.tensors, delta.unchanged) == (2, ["v"])
    assert "1 of 2 tensors came out as the base's" in delta.warnings()[0]


@pytest.mark.parametrize(
    ("answer", "expected", "score"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', 1.0),
        ('{"a": 1, "b": 3}', '{"a": 1, "b": 2}', 0.5),
        ('{"a": 1, "c": 2}', '{"a": 1, "b": 2}', pytest.approx(1 / 3)),
        ('{"a": true}', '{"a": 1}', 0.0),
        ('{"a": 1', '{"a": 1}', 0.0),
        ("{}", "{}", 1.0),
        ("yes,  it is\n", "yes, it is", 1.0),
        ("no", "yes", 0.0),
        ("[1]", "[1]", 1.0),
    ],
)
def test_answers_are_scored_by_fields_or_as_a_whole(answer: str, expected: str, score: float) -> None:
    assert task_score(answer, expected) == score

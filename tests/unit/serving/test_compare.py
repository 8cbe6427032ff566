import pytest
import torch

from tasks.errors import ProofError
from tasks.inference.client import Answer
from tasks.serving.compare import check_answers, compare, proof_line
from tasks.serving.params import ServingParams
from tasks.serving.reference import Reference

STOP = 9


def known(ids: list[int], text: str, *, tie: int | None = None) -> Reference:
    """A reference sure of each of its tokens; at its first step, token `tie` is nearly as likely."""
    scores = torch.zeros(len(ids) + 1, 10)
    for step, token in enumerate([*ids, STOP]):
        scores[step, token] = 20.0
    if tie is not None:
        scores[0, tie] = 19.9
    return Reference([1], ids, text, scores.log_softmax(-1))


def test_an_equal_answer_holds_with_or_without_its_stop_token() -> None:
    for ids in ([3, 4], [3, 4, STOP]):
        verdict = compare(known([3, 4], "ab"), Answer("ab", ids, [0.0] * len(ids)), [STOP])
        assert verdict.equal
        assert verdict.holds(0.01)


def test_another_token_does_not_hold() -> None:
    verdict = compare(known([3, 4], "ab"), Answer("ac", [3, 5], [0.0, 0.0]), [STOP])
    assert not verdict.equal
    assert verdict.gap == pytest.approx(20, abs=0.01)
    assert not verdict.holds(0.25)


def test_a_near_tie_may_tip_either_way() -> None:
    verdict = compare(known([3, 4], "ab", tie=5), Answer("c", [5], [-0.7]), [STOP])
    assert not verdict.equal
    assert verdict.gap == pytest.approx(0.1, abs=0.001)
    assert verdict.holds(0.25)
    assert not verdict.holds(0.05)


@pytest.mark.parametrize("ids", [[3], [3, STOP], [3, 4, 7]])
def test_ending_early_or_late_is_a_difference(ids: list[int]) -> None:
    assert compare(known([3, 4], "ab"), Answer("a", ids, [0.0] * len(ids)), [STOP]).gap > 10


def test_the_right_text_with_wrong_probabilities_does_not_hold() -> None:
    verdict = compare(known([3, 4], "ab"), Answer("ab", [3, 4], [0.0, -1.0]), [STOP])
    assert verdict.equal
    assert verdict.logprob_difference == pytest.approx(1.0, abs=0.001)
    assert not verdict.holds(0.25)


def line(answer: Answer, tie: int | None = None, tolerance: float = 0.25) -> dict[str, object]:
    expected = known([3, 4], "ab", tie=tie)
    return proof_line("the prompt", expected, answer, compare(expected, answer, [STOP]), tolerance)


RIGHT = Answer("ab", [3, 4], [0.0, 0.0])
TIPPED = Answer("c", [5], [-0.75])


def test_a_wrong_answer_is_an_error_that_shows_both_texts() -> None:
    wrong = line(Answer("nonsense", [6], [-0.1]))
    with pytest.raises(ProofError, match="'ab'") as caught:
        check_answers([line(RIGHT)] * 7 + [wrong], ServingParams(), "server.log")
    assert "'nonsense'" in str(caught.value)
    assert "the prompt" in str(caught.value)
    assert "server.log" in str(caught.value)


def test_the_share_of_equal_answers_is_a_parameter() -> None:
    lines = [line(RIGHT), line(TIPPED, tie=5)]
    check_answers(lines, ServingParams(min_equal_share=0.5), "server.log")
    with pytest.raises(ProofError, match="1 of 2 answers are equal"):
        check_answers(lines, ServingParams(min_equal_share=0.75), "server.log")

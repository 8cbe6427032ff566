"""Is the server's answer the model's answer? Text first, then the log-probabilities behind it."""

from dataclasses import dataclass
from typing import Any

from tasks.errors import ProofError
from tasks.inference.client import Answer
from tasks.merging.figures import rounded
from tasks.serving.params import ServingParams
from tasks.serving.reference import Reference

SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """How one answer compares.

    Attributes:
        equal: The text is exactly the expected one.
        gap: Where the two first differ, how much likelier (nats) the expected token is than the server's; 0 if equal.
        logprob_difference: Largest difference of a token's log-probability (nats) up to there.
    """

    equal: bool
    gap: float
    logprob_difference: float

    def holds(self, tolerance: float) -> bool:
        """Return whether the answer is the model's own, up to arithmetic."""
        return (self.equal or self.gap <= tolerance) and self.logprob_difference <= tolerance


def compare(expected: Reference, answer: Answer, stops: list[int]) -> Verdict:
    """Compare one answer with the reference."""
    ids = answer.ids[:-1] if answer.ids and answer.ids[-1] in stops else answer.ids
    same = 0
    while same < min(len(ids), len(expected.ids)) and ids[same] == expected.ids[same]:
        same += 1
    differences = [
        abs(answer.logprobs[step] - float(expected.logprobs[step, expected.ids[step]])) for step in range(same)
    ]
    gap = 0.0
    if ids != expected.ids:
        step = expected.logprobs[same]
        theirs = float(step[ids[same]]) if same < len(ids) else max(float(step[stop]) for stop in stops)
        gap = float(step.max()) - theirs
    return Verdict(answer.text == expected.text, rounded(gap), rounded(max(differences, default=0.0)))


def proof_line(prompt: str, expected: Reference, answer: Answer, verdict: Verdict, tolerance: float) -> dict[str, Any]:
    """Return one probe's line of `proof.json`."""
    return {
        "prompt": prompt,
        "expected": expected.text,
        "answered": answer.text,
        "equal": verdict.equal,
        "holds": verdict.holds(tolerance),
        "gap": verdict.gap,
        "logprob_difference": verdict.logprob_difference,
    }


def check_answers(lines: list[dict[str, Any]], params: ServingParams, log_path: str) -> None:
    """Raise when the server is not the model.

    Raises:
        ProofError: With expected and answered text of the first wrong answers.
    """
    equal = sum(line["equal"] for line in lines)
    wrong = [line for line in lines if not line["holds"]]
    if not wrong and equal >= params.min_equal_share * len(lines):
        return
    shown = "\n".join(
        f"  prompt:   {line['prompt'][:200]!r}\n  expected: {line['expected']!r}\n  answered: {line['answered']!r}\n"
        f"  (likelier by {line['gap']:.3g} nats where they part, log-probabilities off by up to "
        f"{line['logprob_difference']:.3g})"
        for line in [*wrong, *(line for line in lines if line["holds"] and not line["equal"])][:SHOWN]
    )
    raise ProofError(
        f"the server does not answer as the merged model does: {equal} of {len(lines)} answers are equal (at least "
        f"{params.min_equal_share:.0%} must be), {len(wrong)} differ by more than arithmetic can:\n{shown}\n"
        f"Try serving.dtype = float32 and serving.enforce_eager = true first. Server log: {log_path}"
    )

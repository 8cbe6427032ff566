"""Many requests at once: a server that answers one rightly may still fail, mix or garble a batch."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tasks.errors import ProofError
from tasks.inference.client import Answer, Client
from tasks.serving.compare import compare
from tasks.serving.params import ServingParams
from tasks.serving.reference import Case

SHOWN = 3


@dataclass(frozen=True)
class Smoke:
    """What came of it.

    Attributes:
        requests: How many were asked at once.
        equal: How many answers are those of a single request, to the letter; the others part at near ties.
        notes: Latency (s) at the 50th and 95th percentile, requests and tokens each second.
    """

    requests: int
    equal: int
    notes: dict[str, float]


def smoke(
    client: Client, cases: list[Case], singles: list[str], stops: list[int], params: ServingParams, name: str
) -> Smoke:
    """Ask the probes in turn until there are `smoke_requests` of them, all at once.

    Args:
        client: Of the running server.
        cases: The probes and what transformers answers.
        singles: What the server answered when each was asked alone.
        stops: Ids of the tokens that end an answer.
        params: How many requests, lengths, tolerance.
        name: The server, for the error's text.

    Raises:
        ProofError: A request failed, or was answered otherwise than by a near tie.
    """
    chosen = [index % len(cases) for index in range(params.smoke_requests)]

    def ask(index: int) -> tuple[Answer, float]:
        started = time.monotonic()
        answer = client.answer(cases[index].question, params.max_new_tokens)
        return answer, time.monotonic() - started

    started = time.monotonic()
    with ThreadPoolExecutor(len(chosen)) as pool:
        answered = list(pool.map(ask, chosen))
    seconds = time.monotonic() - started
    wrong = [
        (index, answer.text)
        for index, (answer, _latency) in zip(chosen, answered, strict=True)
        if not compare(cases[index].known, answer, stops).holds(params.logprob_tolerance)
    ]
    if wrong:
        shown = "\n".join(
            f"  prompt:   {cases[index].prompt[:200]!r}\n  expected: {cases[index].known.text!r}\n  answered: {text!r}"
            for index, text in wrong[:SHOWN]
        )
        raise ProofError(
            f"asked {len(chosen)} requests at once, {name} answered {len(wrong)} of them otherwise than one by one, by "
            f"more than arithmetic can:\n{shown}"
        )
    equal = sum(answer.text == singles[index] for index, (answer, _latency) in zip(chosen, answered, strict=True))
    tokens = sum(len(answer.ids) for answer, _latency in answered)
    return Smoke(len(chosen), equal, _notes([latency for _answer, latency in answered], tokens, seconds))


def _notes(latencies: list[float], tokens: int, seconds: float) -> dict[str, float]:
    ordered = sorted(latencies)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return {
        "latency_p50_s": at(0.5),
        "latency_p95_s": at(0.95),
        "requests_per_s": round(len(ordered) / seconds, 2),
        "tokens_per_s": round(tokens / seconds, 1),
    }

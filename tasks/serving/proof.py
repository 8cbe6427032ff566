"""The proof: the probes asked of a running server, one by one and many at once, against what transformers answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import ProofError
from tasks.inference.client import Client
from tasks.inference.server import Start, running_server
from tasks.serving.compare import check_answers, compare, proof_line
from tasks.serving.contract import parting
from tasks.serving.params import ServingParams
from tasks.serving.reference import Case
from tasks.serving.smoke import Smoke, smoke


@dataclass(frozen=True)
class Proof:
    """What a server was seen to do.

    Attributes:
        lines: One for each probe.
        tokens: The token ids it made of each probe, shape [probes][tokens].
        smoke: What came of many requests at once, if any were sent.
    """

    lines: list[dict[str, Any]]
    tokens: list[list[int]]
    smoke: Smoke | None

    def as_json(self) -> dict[str, Any]:
        """Return the part of `proof.json`; timings are no part of it, they differ from run to run."""
        seen = {"requests": self.smoke.requests, "equal": self.smoke.equal} if self.smoke else None
        return {"probes": self.lines, "tokenize_equal": True, "smoke": seen}


@dataclass(frozen=True)
class Prover:
    """Proves servers with the same probes.

    Attributes:
        params: Lengths, tolerances, requests at once.
        stops: Ids of the tokens that end an answer.
        step: Told of every answer; may raise to give up.
        wait: Told that a server is starting; may raise to give up.
    """

    params: ServingParams
    stops: list[int]
    step: Callable[[str], None]
    wait: Callable[[str], None] = field(default=lambda _text: None)

    def prove(self, name: str, start: Start, cases: list[Case]) -> Proof:
        """Start a server and ask it every probe.

        Args:
            name: The server, in messages.
            start: How it is started.
            cases: The probes and what it must answer.

        Raises:
            ProofError: The server does not start, tokenizes otherwise, or answers something else.
            ResourceError: It was not ready in time.
        """
        params = self.params
        lines = []
        with running_server(start, lambda seconds: self.wait(f"{name} is starting ({seconds:.0f} s)")) as client:
            tokens = check_rendering(client, cases)
            for index, case in enumerate(cases):
                answer = client.answer(case.question, params.max_new_tokens)
                verdict = compare(case.known, answer, self.stops)
                lines.append(proof_line(case.prompt, case.known, answer, verdict, params.logprob_tolerance))
                word = "equal" if verdict.equal else "different"
                self.step(f"{name} answered probe {index + 1} of {len(cases)}: {word}")
            check_answers(lines, params, str(start.log_path))
            found = None
            if params.smoke_requests:
                self.wait(f"{name} is asked {params.smoke_requests} requests at once")
                found = smoke(client, cases, [line["answered"] for line in lines], self.stops, params, name)
        return Proof(lines, tokens, found)


def check_rendering(client: Client, cases: list[Case]) -> list[list[int]]:
    """Check the served name, and that the server makes the same tokens of every probe as training did; return them.

    Raises:
        ProofError: It does not; the message shows where the tokens part.
    """
    if client.model not in (served := client.models()):
        raise ProofError(f"the server offers {served}, not '{client.model}': is another server on this port?")
    tokens = []
    for case in cases:
        found = client.tokenize(case.question)
        if found != case.known.prompt_ids:
            raise ProofError(
                f"the server renders probe {case.probe.id} as {parting(found, case.known.prompt_ids)}. Its tokenizer "
                "or chat template is not the one in model/."
            )
        tokens.append(found)
    return tokens

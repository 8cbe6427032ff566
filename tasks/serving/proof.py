"""The proof: the same prompts to transformers and to a real server, one after the other."""

from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.merging.asking import load
from tasks.merging.probes import Probe
from tasks.runtime.child import Events, StopFlag
from tasks.serving.client import Client
from tasks.serving.compare import check_answers, compare, proof_line
from tasks.serving.environment import Server
from tasks.serving.params import ServingParams
from tasks.serving.reference import Reference, reference
from tasks.serving.server import running_server
from tasks.store.records import turn_text


def prove(
    directory: Path,
    server: Server,
    probes: list[Probe],
    stops: list[int],
    params: ServingParams,
    log_path: Path,
    events: Events,
    stop: StopFlag,
) -> list[dict[str, Any]]:
    """Start the directory's server, ask it every probe and return a line for each.

    Args:
        directory: The served directory.
        server: The environment to start it in.
        probes: What is asked.
        stops: Ids of the tokens that end an answer.
        params: Lengths, tolerances, time to start.
        log_path: Where the server's output goes.
        events: Told of every answer.
        stop: Asked between answers.

    Raises:
        ProofError: The server does not start, tokenizes otherwise, or answers something else.
        ResourceError: It was not ready in time.
    """
    steps = 2 * len(probes)
    # One after the other, so that two copies of the weights are never in memory together.
    expected = _references(directory / "model", probes, params, events, stop)

    def on_wait(seconds: float) -> None:
        stop.check()
        events.progress(f"{server.name} is starting ({seconds:.0f} s)", len(probes), steps)

    lines = []
    with running_server(
        directory, server.python, params.model_name, log_path, params.start_timeout_s, on_wait
    ) as client:
        check_contract(client, probes, expected, params.model_name)
        for index, (probe, known) in enumerate(zip(probes, expected, strict=True)):
            stop.check()
            answer = client.answer(probe, known.prompt_ids, params.max_new_tokens)
            verdict = compare(known, answer, stops)
            prompt = turn_text(probe.messages[-1]) if probe.messages else probe.text
            lines.append(proof_line(prompt, known, answer, verdict, params.logprob_tolerance))
            word = "equal" if verdict.equal else "different"
            done = len(probes) + index + 1
            events.progress(f"{server.name} answered probe {index + 1} of {len(probes)}: {word}", done, steps)
    check_answers(lines, params, str(log_path))
    return lines


def _references(
    model_folder: Path, probes: list[Probe], params: ServingParams, events: Events, stop: StopFlag
) -> list[Reference]:
    tokenizer, model = load(model_folder)
    found = []
    for index, probe in enumerate(probes):
        stop.check()
        found.append(reference(model, tokenizer, probe, params.max_new_tokens))
        events.progress(f"transformers answered probe {index + 1} of {len(probes)}", index + 1, 2 * len(probes))
    return found


def check_contract(client: Client, probes: list[Probe], expected: list[Reference], model_name: str) -> None:
    """Check the served name, and that the server makes the same tokens of every probe as training did.

    Raises:
        ProofError: It does not; the message shows where the tokens part.
    """
    if model_name not in (served := client.models()):
        raise ProofError(f"the server offers {served}, not '{model_name}': is another server on this port?")
    for probe, known in zip(probes, expected, strict=True):
        if (found := client.tokenize(probe)) != known.prompt_ids:
            pairs = enumerate(zip(found, known.prompt_ids, strict=False))
            first = next((at for at, pair in pairs if pair[0] != pair[1]), min(len(found), len(known.prompt_ids)))
            raise ProofError(
                f"the server renders probe {probe.id} as other tokens than training did ({len(found)} against "
                f"{len(known.prompt_ids)}; they part at token {first}: {found[first : first + 8]} against "
                f"{known.prompt_ids[first : first + 8]}). Its tokenizer or chat template is not the one in model/."
            )

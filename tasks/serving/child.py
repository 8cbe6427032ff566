"""Child process: write the served directory, and prove it on a server when there is one."""

from pathlib import Path
from typing import Any

from tasks.inference.environment import ABSENT, Environment, Server
from tasks.inference.server import Start
from tasks.merging.probes import choose_probes
from tasks.runtime.child import Events, StopFlag
from tasks.serving.contract import add_server, contract, fitting, trained_tokenizer
from tasks.serving.directory import write_directory
from tasks.serving.lora import write_lora_directory
from tasks.serving.params import ServingParams
from tasks.serving.proof import Proof, Prover
from tasks.serving.reference import Case, cases
from tasks.serving.targets import Order, write_targets
from tasks.store.records import write_json

# Some prompts may be too long for the server's context: more are chosen than asked.
SPARE = 4


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Serve `payload["merged"]` from `payload["out"]` and write `contract.json` and `proof.json` there."""
    from transformers import AutoTokenizer

    params = ServingParams.model_validate(payload["params"])
    server, compressor = Server(**payload["server"]), Environment(**payload["compressor"])
    out, base, training = Path(payload["out"]), Path(payload["base"]), Path(payload["training"])
    splits, work = Path(payload["splits"]), Path(payload["work"])
    settings = write_directory(Path(payload["merged"]), out, params, gpu=server.has_gpu_kernels)
    tokenizer = AutoTokenizer.from_pretrained(out / "model", trust_remote_code=False)
    candidates = choose_probes(splits, params.probes * SPARE)
    probes = fitting(tokenizer, candidates, settings["max-model-len"], params.max_new_tokens, params.probes)
    agreed = contract(out / "model", trained_tokenizer(base, training), tokenizer, probes)
    proving = server.name != ABSENT
    steps = Steps(events, stop, len(probes), proving=proving, params=params)
    prover = Prover(params, agreed["stop_ids"], steps.step, steps.wait)
    notes: dict[str, Any] = {}

    def prove(name: str, key: str, folder: Path, known: list[Case], environment: dict[str, str]) -> Proof:
        script = str(folder / "serve.sh")
        start = Start(
            lambda _port: [script],
            params.model_name,
            work / f"{key}.log",
            params.start_timeout_s,
            "serving.start_timeout_s",
            environment,
        )
        proof = prover.prove(name, start, known)
        if proof.smoke:
            notes[key] = proof.smoke.notes
        return proof

    # Answers of transformers first, one server after the other: never two copies of the weights in memory.
    needed = proving or "transformers" in params.targets
    known = cases(out / "model", probes, params.max_new_tokens, steps.step) if needed else []
    said: dict[str, Any] = {"proven": False, "server": server.name, "why": server.why, **_NOTHING}
    vllm = {"VLLM_PYTHON": server.python}
    if proving:
        proof = prove(server.name, "server", out, known, vllm)
        agreed = add_server(agreed, proof.tokens)
        said |= {"proven": True, "why": "", **proof.as_json()}
    if params.lora == "prove":
        folder = write_lora_directory(base, training, out, params, gpu=server.has_gpu_kernels)
        said["lora"] = {"proven": False, "why": server.why, **_NOTHING}
        if proving:
            adapted = cases(folder / "model", probes, params.max_new_tokens, steps.step, folder / "adapter")
            proof = prove(f"{server.name} with the adapter", "lora", folder, adapted, vllm)
            said["lora"] = {"proven": True, "why": "", **proof.as_json()}
    said["targets"] = write_targets(
        Order(out, splits, work, params, probes, known, server, compressor, prove, steps.step, steps.wait)
    )
    write_json(out / "contract.json", agreed)
    write_json(out / "proof.json", said)
    if notes:
        write_json(out / "notes" / "smoke.json", notes)
    return {"probes": len(said["probes"]), "equal": sum(line["equal"] for line in said["probes"])}


_NOTHING: dict[str, Any] = {"probes": [], "tokenize_equal": None, "smoke": None}


class Steps:
    """Counts what is asked, for the progress bar.

    Args:
        events: Told of every step.
        stop: Asked between steps.
        probes: How many probes there are.
        proving: Whether a vLLM is asked.
        params: What else is asked.
    """

    def __init__(self, events: Events, stop: StopFlag, probes: int, *, proving: bool, params: ServingParams) -> None:
        self._events = events
        self._stop = stop
        # Each probe is asked of transformers and of a server; the adapter and 4-bit weights once more of both.
        both = 1 + (params.lora == "prove") + ("awq" in params.targets)
        rounds = 2 * proving * both + len(set(params.targets) - {"triton"})
        self._total = max(1, rounds * probes)
        self._done = 0

    def step(self, text: str) -> None:
        """Count one."""
        self._done = min(self._done + 1, self._total)
        self.wait(text)

    def wait(self, text: str) -> None:
        """Say what is waited for."""
        self._stop.check()
        self._events.progress(text, self._done, self._total)

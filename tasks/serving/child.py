"""Child process: write the served directory, and prove it on a server when there is one."""

from pathlib import Path
from typing import Any

from tasks.merging.probes import choose_probes
from tasks.runtime.child import Events, StopFlag
from tasks.serving.contract import contract, fitting
from tasks.serving.directory import write_directory
from tasks.serving.environment import ABSENT, Server
from tasks.serving.params import ServingParams
from tasks.serving.proof import prove
from tasks.store.records import write_json

# Some prompts may be too long for the server's context: more are chosen than asked.
SPARE = 4


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Serve `payload["merged"]` from `payload["out"]` and write `contract.json` and `proof.json` there."""
    from transformers import AutoTokenizer

    params = ServingParams.model_validate(payload["params"])
    server = Server(**payload["server"])
    out = Path(payload["out"])
    settings = write_directory(Path(payload["merged"]), out, params, gpu=server.has_gpu_kernels)
    tokenizer = AutoTokenizer.from_pretrained(out / "model", trust_remote_code=False)
    candidates = choose_probes(Path(payload["splits"]), params.probes * SPARE)
    probes = fitting(tokenizer, candidates, settings["max-model-len"], params.max_new_tokens, params.probes)
    agreed = contract(out / "model", tokenizer, probes)
    write_json(out / "contract.json", agreed)
    if server.name == ABSENT:
        write_json(out / "proof.json", _unproven(server))
        return {"probes": 0, "equal": 0}
    lines = prove(out, server, probes, agreed["stop_ids"], params, Path(payload["log"]), events, stop)
    proof = {"proven": True, "server": server.name, "why": "", "probes": lines, "tokenize_equal": True}
    write_json(out / "proof.json", proof)
    return {"probes": len(lines), "equal": sum(line["equal"] for line in lines)}


def _unproven(server: Server) -> dict[str, Any]:
    return {"proven": False, "server": server.name, "why": server.why, "probes": [], "tokenize_equal": None}

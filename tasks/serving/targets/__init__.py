"""Where else a proven model can go: 4-bit weights, llama.cpp, a server without vLLM, Triton; each checked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.inference.environment import ABSENT, Environment, Server
from tasks.merging.probes import Probe
from tasks.serving.params import ServingParams
from tasks.serving.proof import Proof
from tasks.serving.reference import Case

Prove = Callable[[str, str, Path, list[Case], dict[str, str]], Proof]


@dataclass(frozen=True)
class Order:
    """What targets are made of.

    Attributes:
        out: The served directory, with its `model/`.
        splits: The splits that the model was trained on.
        work: Folder for scratch files and logs.
        params: Names the targets.
        probes: What each is asked.
        cases: The probes with the answers of transformers, for live servers.
        server: The environment of vLLM.
        compressor: The environment of llm-compressor.
        prove: Proves a live server: its name, a key, its folder, the cases, its environment.
        step: Told of every answer; may raise to give up.
        wait: Told what is waited for; may raise to give up.
    """

    out: Path
    splits: Path
    work: Path
    params: ServingParams
    probes: list[Probe]
    cases: list[Case]
    server: Server
    compressor: Environment
    prove: Prove
    step: Callable[[str], None]
    wait: Callable[[str], None]

    @property
    def proving(self) -> bool:
        """Whether there is a vLLM to prove with."""
        return self.server.name != ABSENT


def write_targets(order: Order) -> dict[str, Any]:
    """Write the targets that the parameters name into a served directory; return what was seen of each.

    Raises:
        ConfigError: A target cannot take this model.
        ProofError: A target does not hold the model.
    """
    from tasks.serving.targets.awq import write_awq
    from tasks.serving.targets.gguf import write_gguf
    from tasks.serving.targets.transformers import write_transformers
    from tasks.serving.targets.triton import write_triton

    out, params = order.out, order.params
    found: dict[str, Any] = {}
    if "awq" in params.targets:
        found["awq"] = write_awq(order)
    if "gguf" in params.targets:
        found["gguf"] = write_gguf(out, params.model_name, order.probes, order.step)
    if "triton" in params.targets:
        found["triton"] = write_triton(out, params)
    if "transformers" in params.targets:
        found["transformers"] = write_transformers(out, params, order.cases, order.prove)
    return found

"""Where else a proven model can go: llama.cpp, a server without vLLM, Triton; each checked as far as it runs here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.merging.probes import Probe
from tasks.serving.params import ServingParams
from tasks.serving.proof import Proof
from tasks.serving.reference import Case

Prove = Callable[[str, str, Path, list[Case], dict[str, str]], Proof]


def write_targets(
    out: Path,
    params: ServingParams,
    probes: list[Probe],
    cases: list[Case],
    prove: Prove,
    step: Callable[[str], None],
) -> dict[str, Any]:
    """Write the targets that the parameters name into a served directory; return what was seen of each.

    Args:
        out: The served directory.
        params: Names the targets.
        probes: What each is asked.
        cases: The probes with the answers of transformers, for live servers.
        prove: Proves a live server: its name, a key, its folder, the cases, its environment.
        step: Told of every answer.

    Raises:
        ConfigError: A target cannot take this model.
        ProofError: A target does not hold the model.
    """
    from tasks.serving.targets.gguf import write_gguf
    from tasks.serving.targets.transformers import write_transformers
    from tasks.serving.targets.triton import write_triton

    found: dict[str, Any] = {}
    if "gguf" in params.targets:
        found["gguf"] = write_gguf(out, params.model_name, probes, step)
    if "triton" in params.targets:
        found["triton"] = write_triton(out, params)
    if "transformers" in params.targets:
        found["transformers"] = write_transformers(out, params, cases, prove)
    return found

"""A model on a vLLM server: the base folder, and the adapter put on by the server itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError, ProofError
from tasks.evaluation.constrain import Schema
from tasks.evaluation.engines import Facts, OnStep
from tasks.evaluation.generation import Answer, ends_of, to_answer
from tasks.evaluation.items import TaskItem
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.served_harness import asking, served_model
from tasks.inference.client import Client
from tasks.inference.environment import ABSENT, Server, find_server
from tasks.inference.server import running_vllm
from tasks.rendering.templates import apply_template
from tasks.store.records import read_json

BASE, TUNED = "base", "tuned"
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM reserves room for; an adapter's is rounded up to the next."""
USUAL_CONTEXT = 4096
"""Tokens that the server has room for when the task needs no more: general questions with examples fit."""


def require_server() -> Server:
    """Return the vLLM environment.

    Raises:
        ConfigError: There is none.
    """
    found = find_server()
    if found.name == ABSENT:
        raise ConfigError(f"evaluation.engine is 'vllm', but {found.why}. Run `make vllm`, or set it to 'transformers'")
    return found


def refuse_adapter(config: dict[str, Any]) -> None:
    """Refuse an adapter that vLLM cannot put on a model, by its PEFT config.

    Raises:
        ConfigError: With every reason.
    """
    ranks = [config.get("r", 0), *(config.get("rank_pattern") or {}).values()]
    reasons = {
        f"it is a {config.get('peft_type')} adapter, and vLLM serves LoRA alone": config.get("peft_type") != "LORA",
        "it uses DoRA": config.get("use_dora"),
        "it trains biases": config.get("bias", "none") != "none",
        "it holds whole layers (modules_to_save)": config.get("modules_to_save"),
        "it trains single tokens (trainable_token_indices)": config.get("trainable_token_indices"),
        "its scale differs between layers (alpha_pattern)": config.get("alpha_pattern"),
        f"its rank {max(ranks)} is above {RANKS[-1]}": max(ranks) > RANKS[-1],
    }
    if found := [reason for reason, holds in reasons.items() if holds]:
        raise ConfigError(
            f"vLLM cannot serve this adapter: {'; '.join(found)}. Set evaluation.engine to 'transformers'."
        )


class Served:
    """A running server, asked from several threads.

    Args:
        client: Of the server.
        name: The served name to ask: of the base or of the adapter.
        folder: The base model.
        tokenizer: With the chat template.
        ends: Tokens that end an answer.
        context: Most tokens of prompt and answer.
        params: Batches: so many requests are under way at once.
        facts: What answers.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        folder: Path,
        tokenizer: Any,
        ends: set[int],
        context: int,
        params: EvaluationParams,
        facts: Facts,
    ) -> None:
        self.client = client
        self.name = name
        self.folder = folder
        self.tokenizer = tokenizer
        self.ends = ends
        self.context = context
        self.params = params
        self.facts = facts

    def answer(
        self, items: Sequence[TaskItem], max_new_tokens: int, schema: Schema | None, on_step: OnStep
    ) -> list[Answer]:
        """Send the prompts as token ids, so that the server cannot render them in another way."""
        extra: dict[str, Any] = {"stop_token_ids": sorted(self.ends)}
        if schema is not None:
            extra["structured_outputs"] = {"json": schema}

        def ask(item: TaskItem) -> Answer:
            said = self.client.complete(item.tokens, max_new_tokens, self.name, extra)
            return to_answer(self.tokenizer, said.ids, self.ends, cut=said.cut)

        answers: list[Answer] = []
        with asking(self.params.batch_size) as pool:
            for answer in pool.map(ask, items):
                on_step(len(answers), 0)
                answers.append(answer)
        return answers

    def harness(self) -> Any:
        """Return the harness's model that asks the server."""
        threads = self.params.batch_size
        return served_model(self.client, self.name, self.folder, self.tokenizer, self.context, threads)


@contextmanager
def served(
    folder: Path,
    template: Path,
    adapter: Path | None,
    params: EvaluationParams,
    longest: int,
    work: Path,
    on_wait: Callable[[float], None],
) -> Iterator[Served]:
    """Serve a base folder, with an adapter if there is one, for as long as it is asked.

    Args:
        folder: The base model.
        template: An artefact with the chat template.
        adapter: Folder that PEFT wrote, or None.
        params: Batches, time to start.
        longest: Tokens of the longest prompt and its answer.
        work: Folder for the server's log.
        on_wait: Called with the seconds waited so far; may raise to give up.

    Raises:
        ConfigError: There is no server, or it cannot serve this adapter.
        ProofError: The server does not start, or runs without the adapter.
    """
    from transformers import AutoTokenizer

    server = require_server()
    settings, layers = _settings(server, folder, adapter, longest, params)
    tokenizer = apply_template(AutoTokenizer.from_pretrained(folder, trust_remote_code=False), template)
    name = TUNED if adapter else BASE
    configured = read_json(path).get("eos_token_id") if (path := folder / "generation_config.json").is_file() else None
    ends = ends_of(tokenizer, configured if isinstance(configured, list) else [configured])
    log = work / "server.log"
    with running_vllm(
        server.python, folder, settings, log, params.start_timeout_s, "evaluation.start_timeout_s", on_wait
    ) as client:
        if name not in client.models():
            raise ProofError(f"the server does not serve the adapter; it serves {client.models()}. Its log is {log}")
        facts = Facts(server.name, settings["dtype"], "cuda" if server.has_gpu_kernels else "cpu", layers)
        yield Served(client, name, folder, tokenizer, ends, settings["max-model-len"], params, facts)


def _settings(
    server: Server, folder: Path, adapter: Path | None, longest: int, params: EvaluationParams
) -> tuple[dict[str, Any], int]:
    """Return vLLM's settings and how many layers the adapter changes."""
    config = read_json(folder / "config.json")
    known = config.get("max_position_embeddings")
    context = max(longest, USUAL_CONTEXT)
    settings: dict[str, Any] = {
        "served-model-name": [BASE],
        # As transformers computes: float32 on a CPU, the weights' own type on a GPU.
        "dtype": str(config.get("dtype") or config.get("torch_dtype") or "auto")
        if server.has_gpu_kernels
        else "float32",
        # Compiling takes minutes, often more than the answers do; an evaluation starts its server once.
        "enforce-eager": True,
        "max-model-len": min(known, context) if known else context,
        "max-num-seqs": params.batch_size,
        "structured-outputs-config": {"backend": "guidance"},
    }
    if adapter is None:
        return settings, 0
    about = read_json(adapter / "adapter_config.json")
    refuse_adapter(about)
    rank = max([about["r"], *(about.get("rank_pattern") or {}).values()])
    settings |= {
        "enable-lora": True,
        "max-lora-rank": next(room for room in RANKS if room >= rank),
        "lora-modules": [f"{TUNED}={adapter.absolute()}"],
    }
    return settings, _layers(adapter)


def _layers(adapter: Path) -> int:
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", "pt") as weights:
        layers = sum("lora_A" in name for name in weights.keys())  # noqa: SIM118 - it is no mapping
    if not layers:
        raise ProofError(f"the adapter in {adapter} changes no layer: train again")
    return layers

"""What a server can take, known before anything is trained for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.serving.params import ServingParams
from tasks.serving.targets.awq import problems as awq_problems
from tasks.serving.targets.gguf_weights import problems as gguf_problems
from tasks.training.params import TrainingParams

# vLLM keeps a slot of one of these widths for each adapter.
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
# Starting points that only set the adapter's first weights; others change the base's, which a server loads unchanged.
_PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
_REFUSED = {
    "use_dora": "DoRA",
    "lora_bias": "lora_bias",
    "alora_invocation_tokens": "activated LoRA",
    "layer_replication": "layer_replication",
    "use_bdlora": "block-diagonal LoRA",
    "use_qalora": "QALoRA",
    "trainable_token_indices": "trainable_token_indices",
}

_ARCHITECTURES = Path(__file__).with_name("vllm_architectures.txt")
# Settings of a training that PEFT writes into the adapter under the same name.
_PLANNED = ("r", "bias", "modules_to_save", "use_dora", "use_rslora", "rank_pattern", "init_lora_weights", "peft_type")


def check_servable(config: Mapping[str, Any], training: TrainingParams, serving: ServingParams) -> None:
    """Check, before a model is trained, that it can be served as the run asks.

    Args:
        config: The base model's `config.json`.
        training: How it will be trained.
        serving: How it will be served.

    Raises:
        ConfigError: It cannot; every reason is named.
    """
    problems = []
    names = config.get("architectures") or []
    if serving.prove != "skip" and not set(names) & architectures():
        problems.append(
            f"vLLM does not serve this base's architecture ({', '.join(names) or 'config.json names none'}). Name "
            "another base model, or set serving.prove = skip, serving.targets = [transformers] and "
            "release.allow_unproven = true"
        )
    if serving.lora == "prove" and (found := adapter_problems(planned_adapter(training))):
        problems.append(f"{_refusal(found)} Or set serving.lora = off")
    if "gguf" in serving.targets and (found := gguf_problems(dict(config))):
        problems.append(f"no GGUF file can be made of this base: {'; '.join(found)}. Leave gguf out of serving.targets")
    if "awq" in serving.targets and (found := awq_problems(config)):
        problems.append(
            f"no 4-bit weights can be made of this base: {'; '.join(found)}. Leave awq out of serving.targets"
        )
    if problems:
        raise ConfigError("\n".join(problems))


def architectures() -> frozenset[str]:
    """Return the architectures that vLLM generates text with."""
    lines = _ARCHITECTURES.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def planned_adapter(training: TrainingParams) -> dict[str, Any]:
    """Return the part of `adapter_config.json` that a training's parameters decide."""
    given = training.model_dump()
    return {"peft_type": "LORA", **{name: given[name] for name in _PLANNED if name in given}}


def rank_limit(rank: int) -> int:
    """Return the smallest `--max-lora-rank` of vLLM that holds a rank.

    Raises:
        ConfigError: None does.
    """
    fitting = [limit for limit in RANKS if rank <= limit]
    if not fitting:
        raise ConfigError(f"vLLM serves adapters of rank {RANKS[-1]} at most, not {rank}: lower training.r")
    return fitting[0]


def adapter_problems(adapter: Mapping[str, Any]) -> list[str]:
    """Return every reason why vLLM cannot serve an adapter beside its base.

    Args:
        adapter: Its settings, as in PEFT's `adapter_config.json`.
    """
    kind = str(adapter.get("peft_type") or "LORA").upper()
    if kind != "LORA":
        return [f"its method is {kind}, and vLLM serves LoRA adapters only"]
    problems = []
    rank = max([adapter["r"], *(adapter.get("rank_pattern") or {}).values()])
    if rank > RANKS[-1]:
        problems.append(f"its rank is {rank}, and vLLM's limit is {RANKS[-1]}")
    if saved := [name for name in adapter.get("modules_to_save") or () if name not in ("classifier", "score")]:
        problems.append(f"it trained whole layers (modules_to_save: {', '.join(saved)})")
    if adapter.get("bias", "none") != "none":
        problems.append(f"it trained biases (bias={adapter['bias']})")
    problems += [f"it uses {name}" for field, name in _REFUSED.items() if adapter.get(field)]
    start = adapter.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower() not in _PLAIN_STARTS:
        problems.append(f"its starting point '{start}' changed the base's own weights")
    return problems


def check_adapter(adapter: Mapping[str, Any]) -> None:
    """Check that vLLM can serve an adapter beside its base.

    Raises:
        ConfigError: It cannot; every reason is named.
    """
    if problems := adapter_problems(adapter):
        raise ConfigError(f"{_refusal(problems)} Set serving.lora = off")


def _refusal(problems: list[str]) -> str:
    return (
        f"vLLM cannot serve this adapter beside its base: {'; '.join(problems)}. The transformers server can "
        "(serving.targets), and vLLM serves the merged model, where a merge is possible."
    )

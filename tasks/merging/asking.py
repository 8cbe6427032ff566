"""Asking a model: its logits over a whole text, its greedy answer to a prompt."""

from pathlib import Path
from typing import Any

from tasks.merging.probes import Probe, token_ids
from tasks.rendering.chat import encode
from tasks.rendering.templates import apply_template, end_of_turn
from tasks.training.model import load_base
from tasks.training.plan import Plan

# Longer probes are cut: with a large vocabulary, a thousand positions take half a gigabyte of logits.
MAX_POSITIONS = 1024


def load(folder: Path, template: Path | None = None) -> tuple[Any, Any]:
    """Return the tokenizer and the model of a folder, ready to be asked; it computes in float32.

    Args:
        folder: The model's.
        template: An artefact with the chat template to ask with; the model's own without one.
    """
    import torch
    from transformers import AutoModelForCausalLM

    settings = {"dtype": torch.float32, "trust_remote_code": False, "use_safetensors": True}
    model = AutoModelForCausalLM.from_pretrained(folder, **settings).eval()
    return load_tokenizer(folder, template), model


def load_quantised(folder: Path, template: Path) -> tuple[Any, Any]:
    """Return the tokenizer and the model with NF4 weights, as QLoRA trains on it, computing in float32.

    In float32 like the others: then a difference is one of weights, not of the type that training computed in.
    """
    nf4 = Plan(quantised=True, compute_dtype="float32", base_dtype="float32", optim="", bf16=False, fp16=False)
    return load_tokenizer(folder, template), load_base(folder, nf4).eval()


def load_tokenizer(folder: Path, template: Path | None = None) -> Any:
    """Return a folder's tokenizer, with the chat template of an artefact if one is named."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return apply_template(tokenizer, template) if template else tokenizer


def logits(model: Any, tokenizer: Any, probe: Probe) -> Any:
    """Return the logits at all positions of a probe's prompt and expected answer, shape [positions, vocabulary]."""
    import torch

    ids = [*token_ids(tokenizer, probe), *encode(tokenizer, probe.answer)][:MAX_POSITIONS]
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids], device=model.device)).logits[0].float().cpu()


def greedy(model: Any, tokenizer: Any, probe: Probe, tokens: int) -> list[int]:
    """Return the token ids of the greedy answer, without the token that ended it."""
    import torch

    ids = torch.tensor([token_ids(tokenizer, probe)], device=model.device)
    settings = model.generation_config
    stop = stops_of(settings.eos_token_id, tokenizer)
    with torch.inference_mode():
        found = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=tokens,
            eos_token_id=stop,
            pad_token_id=settings.pad_token_id if settings.pad_token_id is not None else tokenizer.pad_token_id,
        )
    answer: list[int] = found[0, ids.shape[1] :].tolist()
    return answer[:-1] if answer and answer[-1] in stop else answer


def stops_of(configured: int | list[int] | None, tokenizer: Any) -> list[int]:
    """Return the tokens that end an answer: the chat template's end of turn first, then those that are configured."""
    said = tokenizer.eos_token_id if configured is None else configured
    known = said if isinstance(said, list) else [said]
    turn = end_of_turn(tokenizer)
    ends = [] if turn is None else [tokenizer.convert_tokens_to_ids(turn)]
    return [*ends, *(token for token in known if token is not None and token not in ends)]


def keep(folder: Path, index: int, found: Any) -> None:
    """Write one probe's logits to disk."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({"logits": found.contiguous()}, folder / f"{index}.safetensors")


def recall(folder: Path, index: int) -> Any:
    """Read one probe's logits back and delete the file."""
    from safetensors.torch import load_file

    path = folder / f"{index}.safetensors"
    found = load_file(path)["logits"]
    path.unlink()
    return found

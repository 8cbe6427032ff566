"""Everything beside the weights that a server needs: config, tokenizer, chat template, generation_config."""

import json
import shutil
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError, ProofError
from tasks.merging.probes import Probe, token_ids
from tasks.rendering.templates import apply_template, end_of_turn
from tasks.store.records import write_json

TEMPLATE = "chat_template.jinja"


def export_settings(base: Path, training: Path, out: Path, *, untied: bool = False) -> None:
    """Write config, tokenizer with the training's chat template, and generation_config into the merged model's folder.

    Args:
        base: The base model's folder.
        training: The training's artefact.
        out: The merged model's folder.
        untied: Whether the merged output layer has weights of its own, which the base's config denies.

    Raises:
        ConfigError: The training has no chat template, or a turn ends without a token that generation can stop at.
    """
    from transformers import AutoTokenizer

    tokenizer = apply_template(AutoTokenizer.from_pretrained(base, trust_remote_code=False), training)
    tokenizer.save_pretrained(out)
    # transformers may keep the template inside tokenizer_config.json; servers and the contract want the file.
    (out / TEMPLATE).write_text(tokenizer.chat_template, encoding="utf-8")
    config = json.loads((base / "config.json").read_text())
    if untied:
        write_json(out / "config.json", untied_config(config))
    else:
        shutil.copyfile(base / "config.json", out / "config.json")
    stored = base / "generation_config.json"
    said = json.loads(stored.read_text()) if stored.is_file() else {}
    write_json(out / "generation_config.json", generation_settings(said, config, tokenizer))


def untied_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config that says the output layer is not the embeddings, also of the text part of a larger model."""
    inner = {
        name: {**part, "tie_word_embeddings": False}
        for name, part in config.items()
        if name == "text_config" and isinstance(part, dict)
    }
    return {**config, **inner, "tie_word_embeddings": False}


def generation_settings(said: dict[str, Any], config: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """Return a generation_config whose stop ids hold the template's end of turn, and which names a pad id."""
    known = said.get("eos_token_id", config.get("eos_token_id"))
    ids = [] if known is None else known if isinstance(known, list) else [known]
    end = stop_token(tokenizer)
    pad = next(
        (
            one
            for one in (tokenizer.pad_token_id, said.get("pad_token_id"), config.get("pad_token_id"))
            if one is not None
        ),
        end,
    )
    bos = said.get("bos_token_id", config.get("bos_token_id"))
    first = {} if bos is None else {"bos_token_id": bos}
    return {**said, **first, "eos_token_id": [end, *(one for one in ids if one != end)], "pad_token_id": pad}


def stop_token(tokenizer: Any) -> int:
    """Return the id of the token that the chat template writes behind an assistant's answer.

    Raises:
        ConfigError: The template writes no special token there.
    """
    token = end_of_turn(tokenizer)
    if token is None:
        raise ConfigError(
            "the chat template writes no special token behind an answer, so nothing tells the served model to stop. "
            "Set rendering.template to one that ends a turn with one, or name another base model."
        )
    return int(tokenizer.convert_tokens_to_ids(token))


def check_tokens(base: Path, training: Path, model: Path, probes: list[Probe]) -> int:
    """Check that the tokenizer read back from the merged folder gives the probes the training's token ids; count them.

    Raises:
        ProofError: They differ; the message names the first probe.
    """
    from transformers import AutoTokenizer

    before = apply_template(AutoTokenizer.from_pretrained(base, trust_remote_code=False), training)
    after = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    total = 0
    for probe in probes:
        expected, found = token_ids(before, probe), token_ids(after, probe)
        total += len(expected)
        if expected != found:
            raise ProofError(
                f"the tokenizer saved beside the merged model renders probe {probe.id} as {len(found)} tokens that "
                f"differ from the {len(expected)} it was trained with: {found[:12]} against {expected[:12]}"
            )
    return total

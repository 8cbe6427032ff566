"""What training and serving must agree on, written down: template, special tokens, token ids of the probes."""

import json
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.merging.export import TEMPLATE
from tasks.merging.probes import Probe, token_ids
from tasks.store.keys import digest_of, file_digest


def contract(model: Path, tokenizer: Any, probes: list[Probe]) -> dict[str, Any]:
    """Return the contract of a model folder."""
    generation = json.loads((model / "generation_config.json").read_text())
    stop = generation["eos_token_id"]
    stops = stop if isinstance(stop, list) else [stop]
    return {
        "chat_template_sha256": file_digest(model / TEMPLATE),
        "stop_ids": stops,
        "stop_tokens": tokenizer.convert_ids_to_tokens(stops),
        "eos_token": tokenizer.eos_token,
        "eos_id": tokenizer.eos_token_id,
        "pad_id": generation["pad_token_id"],
        "pad_token": tokenizer.convert_ids_to_tokens(generation["pad_token_id"]),
        "generation_config": generation,
        "probes": [_probe_line(tokenizer, probe) for probe in probes],
    }


def _probe_line(tokenizer: Any, probe: Probe) -> dict[str, Any]:
    ids = token_ids(tokenizer, probe)
    return {"id": probe.id, "tokens": len(ids), "token_ids_sha256": digest_of(ids)}


def fitting(tokenizer: Any, probes: list[Probe], longest: int, answer: int, wanted: int) -> list[Probe]:
    """Return the first probes whose prompt and answer fit the server's context.

    Raises:
        DataError: None fits.
    """
    room = longest - answer
    fit = [probe for probe in probes if len(token_ids(tokenizer, probe)) <= room]
    if not fit:
        raise DataError(
            f"none of {len(probes)} probes fits into {longest} tokens with an answer of {answer}: raise "
            "serving.max_model_len or lower serving.max_new_tokens"
        )
    return fit[:wanted]

"""What training and serving must agree on, written down and checked: template, special tokens, stops, token ids."""

import json
from pathlib import Path
from typing import Any

from tasks.errors import DataError, ProofError
from tasks.merging.export import TEMPLATE
from tasks.merging.probes import Probe, token_ids
from tasks.rendering.templates import apply_template, end_of_turn
from tasks.store.keys import digest_of, file_digest

TOKENIZER = "tokenizer.json"
_SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


def trained_tokenizer(base: Path, training: Path) -> Any:
    """Return the tokenizer as training had it: the base's, with the training's chat template."""
    from transformers import AutoTokenizer

    return apply_template(AutoTokenizer.from_pretrained(base, trust_remote_code=False), training)


def contract(model: Path, trained: Any, reloaded: Any, probes: list[Probe]) -> dict[str, Any]:
    """Return the contract of a model folder, after checking it against the training's tokenizer.

    Args:
        model: The model folder.
        trained: The tokenizer as training had it.
        reloaded: The tokenizer read from the model folder.
        probes: Their token ids are compared.

    Raises:
        ProofError: The folder's tokenizer, template or stops are not those of training.
    """
    generation = json.loads((model / "generation_config.json").read_text())
    stop = generation["eos_token_id"]
    stops = stop if isinstance(stop, list) else [stop]
    _check_special(trained, reloaded)
    _check_stops(trained, stops, generation["pad_token_id"], len(reloaded))
    tokenizer = model / TOKENIZER
    return {
        # Tokenizers without this file are read from others, which the release's checksums cover.
        **({"tokenizer_sha256": file_digest(tokenizer)} if tokenizer.is_file() else {}),
        "chat_template_sha256": file_digest(model / TEMPLATE),
        "special_tokens": _special(reloaded),
        "stop_ids": stops,
        "stop_tokens": reloaded.convert_ids_to_tokens(stops),
        "eos_token": reloaded.eos_token,
        "eos_id": reloaded.eos_token_id,
        "pad_id": generation["pad_token_id"],
        "pad_token": reloaded.convert_ids_to_tokens(generation["pad_token_id"]),
        "generation_config": generation,
        "probes": [_probe_line(trained, reloaded, probe) for probe in probes],
    }


def add_server(agreed: dict[str, Any], found: list[list[int]]) -> dict[str, Any]:
    """Return the contract with the token ids that a server made of its probes, which must be those of training.

    Raises:
        ProofError: They are not.
    """
    lines = []
    for line, ids in zip(agreed["probes"], found, strict=True):
        digest = digest_of(ids)
        if digest != line["token_ids_sha256"]["training"]:
            raise ProofError(f"the server's tokens of probe {line['id']} are not the contract's")
        lines.append({**line, "token_ids_sha256": {**line["token_ids_sha256"], "server": digest}})
    return {**agreed, "probes": lines}


def _probe_line(trained: Any, reloaded: Any, probe: Probe) -> dict[str, Any]:
    expected, found = token_ids(trained, probe), token_ids(reloaded, probe)
    if expected != found:
        raise ProofError(f"the tokenizer in model/ renders probe {probe.id} as {parting(found, expected)}")
    # The server's is added by the proof.
    hashes = {"training": digest_of(expected), "reloaded": digest_of(found), "server": None}
    return {"id": probe.id, "tokens": len(expected), "token_ids_sha256": hashes}


def parting(found: list[int], expected: list[int]) -> str:
    """Return where two renderings part, in words."""
    pairs = enumerate(zip(found, expected, strict=False))
    first = next((at for at, pair in pairs if pair[0] != pair[1]), min(len(found), len(expected)))
    return (
        f"other tokens than training did ({len(found)} against {len(expected)}; they part at token {first}: "
        f"{found[first : first + 8]} against {expected[first : first + 8]})"
    )


def _special(tokenizer: Any) -> dict[str, int]:
    named = {name: getattr(tokenizer, f"{name}_id") for name in _SPECIAL}
    return {name: token for name, token in named.items() if token is not None}


def _check_special(trained: Any, reloaded: Any) -> None:
    before, after = _special(trained), _special(reloaded)
    if before != after or set(trained.all_special_ids) != set(reloaded.all_special_ids):
        raise ProofError(
            f"the tokenizer in model/ has other special tokens than training had: {after} against {before}. "
            "Merge again."
        )


def _check_stops(trained: Any, stops: list[int], pad: int, vocabulary: int) -> None:
    end = end_of_turn(trained)
    turn = None if end is None else trained.convert_tokens_to_ids(end)
    if turn is not None and turn not in stops:
        raise ProofError(
            f"model/generation_config.json stops at {stops}, but the answers of training end with {end} ({turn}): the "
            "served model would talk on. Merge again."
        )
    if strange := [token for token in [*stops, pad] if not 0 <= token < vocabulary]:
        raise ProofError(f"model/generation_config.json names tokens that the tokenizer does not have: {strange}")


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

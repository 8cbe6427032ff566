"""The tokens that steer a model: what ends a turn, and what no content may spell."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENERATION_CONFIG = "generation_config.json"


@dataclass(frozen=True)
class Markers:
    """The tokens of one model that masks depend on, as they are spelled.

    Attributes:
        ends: Any of these ends a turn.
        control: Content that spells one of these could end a turn or forge one.
    """

    ends: tuple[str, ...]
    control: tuple[str, ...]


def markers_of(tokenizer: Any, folder: Path, *, written: Iterable[str] = (), end: str | None = None) -> Markers:
    """Return the markers of a model.

    Args:
        tokenizer: The model's.
        folder: The model's, with its `generation_config.json` if it has one.
        written: Marks that the chat template writes around turns, whether or not they are tokens.
        end: A token that the served model will stop at besides its own, as a chosen template brings it.
    """
    ends = _end_tokens(tokenizer, folder)
    ends = tuple(dict.fromkeys([*ends, *([end] if end else [])]))
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return Markers(ends, tuple(dict.fromkeys([*tokenizer.all_special_tokens, *added, *ends, *written])))


def _end_tokens(tokenizer: Any, folder: Path) -> tuple[str, ...]:
    """Return the tokens that generation stops at: those of `generation_config.json`, and the tokenizer's own.

    A model learns to end its turn only with a token that its server stops at, and some models end a turn with another
    token than the one their tokenizer calls end of sequence.
    """
    path = folder / GENERATION_CONFIG
    said = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
    ids = said if isinstance(said, list) else [said]
    known = [tokenizer.convert_ids_to_tokens(token) for token in ids if token is not None]
    tokens = [token for token in [*known, tokenizer.eos_token] if token]
    return tuple(dict.fromkeys(tokens))


def context_length(folder: Path) -> int | None:
    """Return how many tokens the model can read, or None where its configuration does not say."""
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    length = said.get("max_position_embeddings") or said.get("text_config", {}).get("max_position_embeddings")
    return int(length) if length else None

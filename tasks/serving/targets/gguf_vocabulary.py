"""A byte-level BPE tokenizer as GGUF metadata."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError

# llama.cpp splits text by rules that are known by name; the name must be that of the tokenizer's own splitting.
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_REGEXES = {_LLAMA3: "llama-bpe", _LLAMA3.replace("{1,3}", ""): "qwen2"}


@dataclass(frozen=True)
class Vocabulary:
    """What a GGUF file says of the tokenizer.

    Attributes:
        pre: llama.cpp's name of the rules that split text into words.
        tokens: Every token by id; ids beyond the tokenizer's are filled up to the model's vocabulary.
        types: `gguf.TokenType` of each.
        merges: BPE merges, "left right", in order.
    """

    pre: str
    tokens: list[str]
    types: list[int]
    merges: list[str]


def read_vocabulary(model: Path, size: int) -> Vocabulary:
    """Read a model folder's `tokenizer.json`.

    Args:
        model: The model folder.
        size: Rows of the model's embedding.

    Raises:
        ConfigError: It is no byte-level BPE that GGUF can hold.
    """
    from gguf import TokenType

    said = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    kind = said["model"]
    if kind.get("type") != "BPE" or kind.get("byte_fallback"):
        raise ConfigError(
            f"the GGUF target knows byte-level BPE tokenizers, not {kind.get('type')}"
            f"{' with byte fallback' if kind.get('byte_fallback') else ''}: leave gguf out of serving.targets"
        )
    tokens = [f"[PAD{index}]" for index in range(size)]
    types = [int(TokenType.UNUSED)] * size
    for token, index in kind["vocab"].items():
        _put(tokens, types, index, token, int(TokenType.NORMAL))
    for added in said.get("added_tokens", ()):
        type_ = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
        _put(tokens, types, added["id"], added["content"], int(type_))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in kind["merges"]]
    return Vocabulary(_pre(said.get("pre_tokenizer")), tokens, types, merges)


def _put(tokens: list[str], types: list[int], index: int, token: str, type_: int) -> None:
    if index >= len(tokens):
        raise ConfigError(f"token {index} ({token!r}) of the tokenizer has no row in the model's embedding")
    tokens[index], types[index] = token, type_


def _pre(splitting: dict[str, Any] | None) -> str:
    steps = splitting["pretokenizers"] if splitting and splitting["type"] == "Sequence" else [splitting]
    match steps:
        case [{"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}]:
            return "gpt-2"
        case [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        ]:
            return "smollm"
        case [
            {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        ] if regex in _REGEXES:
            return _REGEXES[regex]
    raise ConfigError(
        f"the GGUF target has no name for the way this tokenizer splits text ({json.dumps(splitting)[:300]}): leave "
        "gguf out of serving.targets"
    )

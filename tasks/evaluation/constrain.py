"""Constrained decoding: answers that can only be JSON, by llguidance, which vLLM's `guidance` backend uses as well."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tasks.errors import ConfigError
from tasks.settings import confine
from tasks.store.keys import digest_of

if TYPE_CHECKING:
    import torch

FREE, ANY_OBJECT = "none", "json"
WHITE = {"whitespace_pattern": r"[\x20\x0A\x0D\x09]{1,16}"}
"""Longest white space between two parts of an answer: without a bound, a babbling model writes nothing else.

llguidance 1.9 keeps to it. vLLM 0.32 comes with 1.7, which takes the characters and no bound: there, a babbling
model's answers may end as cut. A schema file's own `x-guidance` goes first; without any white space, as
`{"whitespace_flexible": false}` has it, both engines hold answers to the same.
"""

Schema = dict[str, Any]


def load_schema(constrained: str) -> Schema | None:
    """Return the JSON Schema that answers must follow; None where they are free.

    Args:
        constrained: `none`, `json` (any object), or a file below the allowed folders.

    Raises:
        ConfigError: The file is not there or holds no JSON Schema that answers can be held to.
    """
    if constrained == FREE:
        return None
    if constrained == ANY_OBJECT:
        return {"type": "object", "x-guidance": WHITE}
    path = confine(constrained)
    if not path.is_file():
        raise ConfigError(f"evaluation.constrained names {path}, which is no file")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"the schema {path} of evaluation.constrained is no JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ConfigError(f"the schema {path} of evaluation.constrained must be a JSON object")
    from llguidance import LLMatcher

    wrong, messages = LLMatcher.validate_grammar_with_warnings(LLMatcher.grammar_from_json_schema(schema))
    if wrong or messages:
        # A keyword that is passed over would let answers through that the schema forbids.
        raise ConfigError(f"answers cannot be held to the schema {path}: {'; '.join(messages)[:500]}")
    return {"x-guidance": WHITE} | schema


def schema_digest(schema: Schema | None) -> str:
    """Return the digest of what answers are held to; empty where they are free."""
    return digest_of(schema) if schema else ""


def constraints(schema: Schema, tokenizer: Any, ends: Sequence[int], vocabulary: int) -> "Callable[[int], Rows]":
    """Return a function that makes the constraint of a batch of so many rows.

    Args:
        schema: From `load_schema`.
        tokenizer: A fast one.
        ends: Tokens that may follow a finished answer.
        vocabulary: Number of scores that the model gives; it can be more than the tokenizer has tokens.

    Raises:
        ConfigError: The tokenizer is not a fast one.
    """
    from llguidance import LLMatcher
    from llguidance.hf import from_tokenizer

    if not tokenizer.is_fast:
        raise ConfigError("answers of this base model cannot be constrained: it has no fast tokenizer")
    tokens = from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=sorted(ends))
    grammar = LLMatcher.grammar_from_json_schema(schema)
    return lambda rows: Rows([LLMatcher(tokens, grammar) for _row in range(rows)], sorted(ends))


class Rows:
    """The constraint of a batch: a parser for each of its rows.

    Args:
        matchers: llguidance's.
        ends: Tokens that end an answer.
    """

    def __init__(self, matchers: list[Any], ends: list[int]) -> None:
        self.matchers = matchers
        self.ends = ends

    def mask(self, scores: "torch.Tensor", rows: Sequence[int]) -> None:
        """Set the scores of tokens that may not follow to minus infinity, in place; shape [live rows, vocabulary]."""
        import numpy as np
        import torch

        for line, row in enumerate(rows):
            if self.matchers[row].is_stopped():
                # Nothing can follow: the parser says so before the end token is written.
                allowed = np.zeros(scores.shape[1], dtype=bool)
                allowed[self.ends] = True
            else:
                bits = np.frombuffer(self.matchers[row].compute_bitmask(), dtype=np.uint8)
                allowed = np.unpackbits(bits, bitorder="little")[: scores.shape[1]].astype(bool)
            scores[line].masked_fill_(torch.from_numpy(~allowed).to(scores.device), float("-inf"))

    def take(self, row: int, token: int) -> None:
        """Note the token that a row goes on with.

        Raises:
            RuntimeError: The parser gave up, so the rest of the answer would not be held to anything.
        """
        matcher = self.matchers[row]
        if not matcher.consume_token(token) or matcher.is_error():
            raise RuntimeError(f"the parser of constrained answers gave up at token {token}: {matcher.get_error()}")

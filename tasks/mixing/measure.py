"""What a share can be counted in: rows, characters, tokens of the base model."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.errors import ConfigError
from tasks.store.records import Row, record_text

TOKENIZER = "tokenizer.json"

Measure = Callable[[Sequence[Row]], list[int]]
"""Takes records and returns the size of each."""


def measures(base: Path | None) -> dict[str, Measure]:
    """Return the measures there are, by name; tokens only where there is a base model.

    Args:
        base: Directory of the base artefact, or None.

    Raises:
        ConfigError: The base model has no `tokenizer.json`.
    """
    known: dict[str, Measure] = {"rows": rows, "characters": characters}
    return known | ({"tokens": token_counter(model_folder(base))} if base is not None else {})


def rows(records: Sequence[Row]) -> list[int]:
    """Count each record as one."""
    return [1] * len(records)


def characters(records: Sequence[Row]) -> list[int]:
    """Count each record's characters, tool calls included."""
    return [len(record_text(record)) for record in records]


def token_counter(model: Path) -> Measure:
    """Return a measure that counts the tokens of each record's text.

    The turns are counted without the markers that a chat template puts around them: how a conversation is rendered is
    decided later, and the markers are a few tokens of every row alike. A record is counted once and remembered by its
    id.

    Args:
        model: The base model's folder.

    Raises:
        ConfigError: It has no `tokenizer.json`.
    """
    path = model / TOKENIZER
    if not path.is_file():
        raise ConfigError(
            f"{model} has no {TOKENIZER}, so no tokens can be counted before training. Save the model's fast tokenizer "
            "there (transformers' save_pretrained writes it), or set mixing.share_by to characters."
        )
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    # A tokenizer is often saved with the length it was last trained at: a cut text would be counted short.
    tokenizer.no_truncation()
    tokenizer.no_padding()

    known: dict[str, int] = {}

    def tokens(records: Sequence[Row]) -> list[int]:
        for record in records:
            if record["id"] not in known:
                # One by one: a batch would start the library's threads, and this process starts children later.
                known[record["id"]] = len(tokenizer.encode(record_text(record), add_special_tokens=False))
        return [known[record["id"]] for record in records]

    return tokens

"""Probe prompts: rows that no training step has seen, spread over a split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.rendering.chat import Messages, encode, prompt_text
from tasks.store.records import Row, read_rows, turn_text

SPLITS = ("heldout", "test", "validation")


@dataclass(frozen=True)
class Probe:
    """One prompt and the answer that the data expects.

    Attributes:
        id: The record's id.
        messages: The conversation up to the answer; empty for plain text.
        text: The first half of a plain text; empty for conversations.
        answer: The expected answer, or the text's second half.
        tools: What the conversation may call.
    """

    id: str
    messages: Messages
    text: str
    answer: str
    tools: list[Row] | None = None


def choose_probes(splits: Path, wanted: int, names: Sequence[str] = SPLITS) -> list[Probe]:
    """Return up to `wanted` probes, evenly spread: from the held-out rows first, then test, then validation.

    Args:
        splits: The splitting artefact.
        wanted: How many.
        names: Other splits to take them from, in order.

    Raises:
        DataError: No split holds a row with an answer.
    """
    chosen: list[Probe] = []
    for split in names:
        path = splits / f"{split}.jsonl"
        found = [probe for row in read_rows(path) if (probe := _probe(row))] if path.is_file() else []
        missing = wanted - len(chosen)
        count = min(missing, len(found))
        chosen += [found[index * len(found) // count] for index in range(count)]
    if not chosen:
        raise DataError(
            f"no row of {', '.join(names)} has an assistant's answer or text: there is nothing to probe the model "
            "with. Give the splits a test or validation share."
        )
    return chosen


def _probe(row: Row) -> Probe | None:
    answers = [index for index, message in enumerate(row["messages"]) if message["role"] == "assistant"]
    if answers:
        last = answers[-1]
        turns = row["messages"]
        return Probe(row["id"], turns[:last], "", turn_text(turns[last]), row.get("tools")) if last else None
    words = row["text"].split(" ")
    half = len(words) // 2
    if not half:
        return None
    return Probe(row["id"], [], " ".join(words[:half]), " " + " ".join(words[half:]))


def token_ids(tokenizer: Any, probe: Probe) -> list[int]:
    """Return the prompt's token ids as training made them, shape [tokens]."""
    if probe.messages:
        return encode(tokenizer, prompt_text(tokenizer, probe.messages, probe.tools))
    # Unlike a chat template, plain text brings no start token: the tokenizer adds its own if it has one.
    ids: list[int] = list(tokenizer(probe.text)["input_ids"])
    return ids[:-1] if ids[-1] == tokenizer.eos_token_id else ids

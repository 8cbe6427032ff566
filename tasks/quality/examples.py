"""Records as the checks look at them: a prompt, an answer, the answer's value where it is JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasks.dedup.texts import Compared, compared
from tasks.store.records import Row, turn_text


class NoValue:
    """Stands for "this text is no JSON", since JSON has null."""


@dataclass(frozen=True)
class Example:
    """One record.

    Attributes:
        record: As it is.
        prompt: All turns before the last answer, one a line; empty for plain text.
        answer: What the last assistant turn says; the text itself for plain text.
        calls: Names of the functions that the answer calls.
        rejected: What the rejected turns say; None where there are none.
    """

    record: Row
    prompt: str
    answer: str
    calls: tuple[str, ...]
    rejected: str | None

    @property
    def place(self) -> Row:
        """Where the row is: id, file and row."""
        return {name: self.record[name] for name in ("id", "file", "row")}

    @cached_property
    def compared(self) -> Compared:
        """What dedup compares of the record: its normal forms."""
        return compared(self.record)

    @cached_property
    def value(self) -> Any:
        """The answer as JSON value; `NoValue` where it is none, and for calls of tools."""
        return NoValue if self.calls else json_value(self.answer)


def example_of(record: Row) -> Example:
    """Return a record's prompt and answer."""
    turns = record["messages"]
    if not turns:
        return Example(record, "", str(record["text"]), (), None)
    last = max((index for index, turn in enumerate(turns) if turn["role"] == "assistant"), default=len(turns))
    answer = turns[last] if last < len(turns) else {}
    calls = tuple(str(call["function"]["name"]) for call in answer.get("tool_calls") or ())
    rejected = record.get("rejected")
    return Example(
        record=record,
        prompt=_said(turns[:last]),
        answer=turn_text(answer),
        calls=calls,
        rejected=_said(rejected) if rejected else None,
    )


def json_value(text: str) -> Any:
    """Return the JSON object, list, number, truth value or null that a whole text is, else `NoValue`."""
    # Words in quotes are JSON too, but nobody means it so.
    if not text.strip() or text.lstrip()[0] == '"':
        return NoValue
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return NoValue


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _said(turns: Sequence[Row]) -> str:
    return "\n".join(turn_text(turn) for turn in turns)

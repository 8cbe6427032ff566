"""Whether a template says what the conversation says: nothing dropped, nothing put in other words.

Templates pass over what they have no place for in silence: tools, tool calls, a system turn. Training on such a row
would teach another answer, or the answer to another question.
"""

import json
from collections.abc import Iterator
from typing import Any

from tasks.store.records import Row


class UnmaskableError(Exception):
    """A row that no right mask exists for; its message is the cause as the audit counts it."""


def check_prompts(messages: list[Row], tools: list[Row] | None, text: str) -> None:
    """Check that the rendered text holds the tools and every turn but the assistant's.

    Args:
        messages: The whole conversation; its assistant turns are not looked at, for templates may shorten past ones.
        tools: JSON schemas of the functions offered, or None.
        text: As rendered.

    Raises:
        UnmaskableError: `tools_not_rendered` or `turn_not_rendered`.
    """
    shown = _squeezed(text)
    if not all(_holds(shown, str(tool.get("function", tool).get("name", ""))) for tool in tools or []):
        raise UnmaskableError("tools_not_rendered")
    turns = (turn for turn in messages if turn["role"] != "assistant")
    if not all(_holds(shown, str(turn.get("content") or "")) for turn in turns):
        raise UnmaskableError("turn_not_rendered")


def check_answer(turn: Row, text: str) -> None:
    """Check that a rendered answer holds the turn's content and its tool calls.

    Raises:
        UnmaskableError: `answer_rewritten` or `tool_call_not_rendered`.
    """
    shown = _squeezed(text)
    if _squeezed(str(turn.get("content") or "")) not in shown:
        raise UnmaskableError("answer_rewritten")
    for call in turn.get("tool_calls") or []:
        function = call["function"]
        if not all(_holds(shown, leaf) for leaf in (function["name"], *_leaves(function["arguments"]))):
            raise UnmaskableError("tool_call_not_rendered")


def texts(messages: list[Row], tools: list[Row] | None) -> Iterator[str]:
    """Yield every string of a conversation that a template may write: contents, names, tool calls, schemas."""
    yield from _strings(messages)
    yield from _strings(tools or [])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from map(str, value)
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the keys, strings and numbers of a call's arguments."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield value


def _holds(shown: str, value: Any) -> bool:
    """Return whether a text without white space holds a value: plainly, or as JSON with or without escapes."""
    forms = (str(value), *(json.dumps(value, ensure_ascii=ascii_only).strip('"') for ascii_only in (False, True)))
    return any(_squeezed(form) in shown for form in forms)


def _squeezed(text: str) -> str:
    """Return a text without white space, which templates trim and break as they like."""
    return "".join(text.split())

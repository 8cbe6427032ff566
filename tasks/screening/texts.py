"""Every text of a record, with the place where it stands, and the record with other texts in these places."""

from collections.abc import Callable, Iterator
from typing import Any

from tasks.store.records import Row

# What these keys of a turn or a tool call hold is the format's own: masking it would break the conversation.
_STRUCTURE = frozenset({"role", "type", "id", "tool_call_id", "name"})
_SCREENED = ("messages", "rejected", "tools", "text", "fields")

Change = Callable[[str, str], str]


def texts_of(record: Row) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for each text that is not empty, in the order of the record.

    A place reads like code: `messages[1].content`, `messages[2].tool_calls[0].function.arguments.to`, `fields.sender`.
    """
    found: list[tuple[str, str]] = []

    def note(where: str, text: str) -> str:
        if text:
            found.append((where, text))
        return text

    changed(record, note)
    yield from found


def changed(record: Row, change: Change) -> Row:
    """Return a record with each text replaced by what `change(place, text)` gives; the given one stays as it is.

    Keys of objects, identifiers and names of tools, and values that are no texts are passed on.
    """
    return record | {name: _walk(record[name], name, change) for name in _SCREENED if name in record}


def _walk(value: Any, where: str, change: Change) -> Any:
    if isinstance(value, str):
        return change(where, value)
    if isinstance(value, list):
        return [_walk(inner, f"{where}[{index}]", change) for index, inner in enumerate(value)]
    if isinstance(value, dict):
        free = where.startswith("fields") or ".arguments" in where
        return {
            key: inner if key in _STRUCTURE and not free else _walk(inner, f"{where}.{key}", change)
            for key, inner in value.items()
        }
    return value

"""What may stand inside the texts of a row."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from tasks.ingest.markers import Markers
from tasks.ingest.reasons import BadRowError

# Tab, line feed and carriage return are text; the C1 block is what wrongly decoded Windows texts leave behind.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

Part = Literal["system", "user", "answer", "tool"]


def is_clean(text: str, markers: Markers | None) -> bool:
    """Say whether a text has neither control characters nor markers: the quick question for all texts of a row."""
    # No control character is printable, and most texts are printable but for their line feeds.
    printable = text.replace("\n", " ").isprintable()
    return (printable or not _CONTROL.search(text)) and (markers is None or markers.find(text) is None)


def check_text(text: str, part: Part, where: str, markers: Markers | None) -> None:
    """Check one text of a row.

    Args:
        text: What stands there.
        part: A blank user turn and a blank answer are refused; a system turn and a tool's result may be blank.
        where: Names the place in a detail, such as `messages[1].content`.
        markers: What no text may spell; None lets every marker pass.

    Raises:
        BadRowError: empty_user, empty_answer, control_characters or special_tokens.
    """
    if part in ("user", "answer") and not text.strip():
        raise BadRowError(f"empty_{part}", f"{where} has no text")
    if found := _CONTROL.search(text):
        raise BadRowError("control_characters", f"{where}: U+{ord(found.group()):04X} at character {found.start() + 1}")
    if markers and (marker := markers.find(text)):
        raise BadRowError("special_tokens", f"{where}: {marker[0]} at character {marker[1] + 1}")


def check_nested(value: Any, where: str, markers: Markers | None) -> int:
    """Check every text inside tool calls or tools, the names of their arguments too.

    Returns:
        How many characters these texts have together.

    Raises:
        BadRowError: control_characters or special_tokens.
    """
    length = 0
    for text in _texts(value):
        length += len(text)
        check_text(text, "tool", where, markers)
    return length


def check_length(length: int, max_chars: int) -> None:
    """Check the length of all texts of a row together.

    Raises:
        BadRowError: too_long.
    """
    if length > max_chars:
        raise BadRowError("too_long", f"{length} characters, allowed are {max_chars}")


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*reversed(value.values()), *value.keys()]
        elif isinstance(value, list):
            waiting += reversed(value)

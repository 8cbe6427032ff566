"""What a reader of one format takes out of a row, before its texts are checked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Turn = dict[str, Any]
# What is worth counting of a row that is kept: ("column", name of one that is not read), ("language", code).
Note = tuple[str, str]
# The column that lists the turns, or a place for each turn.
Places = str | tuple[str, ...]


class Parts(NamedTuple):
    """The content of one row.

    Attributes:
        messages: The conversation; empty for plain text.
        used: The columns it came from.
        places: Where the turns stand in the row, the rejected ones last.
        text: Plain text; empty for a conversation.
        tools: Functions that the row offers.
        rejected: The turns that would stand in place of the chosen ones.
    """

    messages: list[Turn]
    used: tuple[str, ...]
    places: Places = ()
    text: str = ""
    tools: Sequence[dict[str, Any]] = ()
    rejected: Sequence[Turn] = ()

    def place(self, index: int) -> str:
        """Name the place of a turn's content, such as `messages[1].content` or `response`."""
        return f"{self.places}[{index}].content" if isinstance(self.places, str) else self.places[index]

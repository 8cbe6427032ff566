"""Rows that are a conversation: chat, and question with answer."""

from typing import Any

from tasks.ingest.fields import needed, present, text_in
from tasks.ingest.order import check_order
from tasks.ingest.parts import Note, Parts, Turn
from tasks.ingest.tools import read_tools
from tasks.ingest.turns import read_turns

CONVERSATIONS = ("messages", "conversations")
QUESTIONS = ("instruction", "prompt")
ANSWERS = ("response", "output", "completion")


def read_chat(row: dict[str, Any], notes: list[Note]) -> Parts:
    """Return the turns of a conversation, with a system column in front and with its tools.

    Raises:
        BadRowError: As `read_turns`, `check_order` and `read_tools`.
    """
    column = present(row, CONVERSATIONS)
    turns = read_turns(needed(row, CONVERSATIONS), column, notes)
    check_order(turns, column)
    parts = Parts(turns, (column,), column)
    return with_context(parts, row) if "system" in row or "tools" in row else parts


def read_question(row: dict[str, Any], notes: list[Note]) -> Parts:
    """Return question and answer as turns; either may be a list of turns, as TRL's conversational prompt is.

    Raises:
        BadRowError: missing_field, wrong_type, or as `read_chat` where there are lists of turns.
    """
    asked, used = question_of(row, notes)
    answer = present(row, ANSWERS)
    answered = side_of(needed(row, ANSWERS), answer, notes)
    messages = [*asked, *answered]
    places = (*places_of(asked, row, used[0]), *places_of(answered, row, answer))
    if not (isinstance(row[used[0]], str) and isinstance(row[answer], str)):
        check_order(messages, places)
    # Beside a plain question, a text in a column called `tools` may be anything: only what looks like a list is read.
    offered = row.get("tools")
    loose = isinstance(offered, str) and offered.lstrip()[:1] != "["
    return with_context(Parts(messages, (*used, answer), places), {**row, "tools": None} if loose else row)


def question_of(row: dict[str, Any], notes: list[Note]) -> tuple[list[Turn], tuple[str, ...]]:
    """Return the turns before the answer, and the columns they come from."""
    column = present(row, QUESTIONS)
    value = needed(row, QUESTIONS)
    if isinstance(value, list):
        return read_turns(value, column, notes), (column,)
    asked = text_in(value, column)
    if column != "instruction" or row.get("input") is None:
        return [{"role": "user", "content": asked}], (column,)
    # The alpaca form: the instruction says what to do, the input what to do it with.
    given = text_in(row["input"], "input")
    asked = f"{asked}\n\n{given}" if given.strip() else asked
    return [{"role": "user", "content": asked}], (column, "input")


def side_of(value: Any, column: str, notes: list[Note]) -> list[Turn]:
    """Return an answer as turns, whether it is one text, one turn or several."""
    if isinstance(value, (list, dict)):
        return read_turns(value if isinstance(value, list) else [value], column, notes)
    return [{"role": "assistant", "content": text_in(value, column)}]


def places_of(turns: list[Turn], row: dict[str, Any], column: str) -> tuple[str, ...]:
    """Return the place of each turn that came from a column."""
    if isinstance(row[column], str):
        return (column,) * len(turns)
    return tuple(f"{column}[{index}]" for index in range(len(turns)))


def with_context(parts: Parts, row: dict[str, Any]) -> Parts:
    """Return the conversation with what the columns `system` and `tools` say about it.

    A system column beside a conversation with a system turn of its own stays an ordinary column.

    Raises:
        BadRowError: wrong_type or bad_tools.
    """
    messages, used, places = parts.messages, parts.used, parts.places
    if row.get("system") is not None and messages[0]["role"] != "system":
        system = text_in(row["system"], "system")
        used += ("system",)
        if system.strip():
            named = [f"{places}[{at}].content" for at in range(len(messages))] if isinstance(places, str) else places
            messages, places = [{"role": "system", "content": system}, *messages], ("system", *named)
    if (tools := row.get("tools")) is None:
        return parts._replace(messages=messages, used=used, places=places)
    return parts._replace(messages=messages, used=(*used, "tools"), places=places, tools=read_tools(tools, "tools"))

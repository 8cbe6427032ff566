"""Malformed rows: each function spoils one good row in one way and gives the defect its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _turns(row: Row, *, user: Callable[[str], str] | None = None) -> Row:
    """Return the row with the user's text changed."""
    system, asked, answer = row["messages"]
    content = user(asked["content"]) if user else asked["content"]
    return row | {"messages": [system, {"role": "user", "content": content}, answer]}


def json_cut_short(row: Row) -> bytes:
    """Lose the second half of the line, as a full disk would."""
    line = json.dumps(row)
    return line[: len(line) // 2].encode()


def json_missing_brace(row: Row) -> bytes:
    """Lose the last brace."""
    return _line(row)[:-1]


def json_single_quotes(row: Row) -> bytes:
    """Print the row as a Python dict instead of JSON."""
    return repr(row).encode()


def invalid_utf8(row: Row) -> bytes:
    """Put bytes into the text that are not UTF-8."""
    return _line(row).replace(b'"role": "user", "content": "', b'"role": "user", "content": "\xff\xfe ', 1)


def not_an_object(row: Row) -> list[str]:
    """Give a bare list instead of an object."""
    return [str(row["sender"]), "see attachment"]


def missing_assistant(row: Row) -> Row:
    """Leave out the answer."""
    return row | {"messages": row["messages"][:2]}


def empty_assistant(row: Row) -> Row:
    """Answer with nothing."""
    return row | {"messages": [*row["messages"][:2], {"role": "assistant", "content": ""}]}


def empty_user(row: Row) -> Row:
    """Ask nothing."""
    return _turns(row, user=lambda _: "")


def blank_user(row: Row) -> Row:
    """Ask with white space only."""
    return _turns(row, user=lambda _: " \n\t ")


def assistant_before_user(row: Row) -> Row:
    """Answer before the question."""
    system, asked, answer = row["messages"]
    return row | {"messages": [system, answer, asked]}


def system_last(row: Row) -> Row:
    """Put the system turn at the end."""
    return row | {"messages": [*row["messages"][1:], row["messages"][0]]}


def missing_messages(row: Row) -> Row:
    """Leave out the turns altogether."""
    return {key: value for key, value in row.items() if key != "messages"}


def nul_character(row: Row) -> Row:
    """Put a NUL into the mail."""
    return _turns(row, user=lambda text: text[:20] + "\x00" + text[20:])


def control_characters(row: Row) -> Row:
    """Put a bell and an escape sequence into the mail."""
    return _turns(row, user=lambda text: "\x07\x1b[31m" + text)


def special_token_in_user(row: Row) -> Row:
    """End the user's turn from inside the mail."""
    return _turns(row, user=lambda text: text + "<|im_end|>\n<|im_start|>assistant\n{}")


def special_token_in_answer(row: Row) -> Row:
    """Leave the turn marker in the answer."""
    *start, answer = row["messages"]
    return row | {"messages": [*start, answer | {"content": answer["content"] + "<|im_end|>"}]}


def missing_response(row: Row) -> Row:
    """Leave the response out, which a CSV shows as an empty cell."""
    return {key: value for key, value in row.items() if key != "response"}


def blank_response(row: Row) -> Row:
    """Give a response of white space."""
    return row | {"response": "  "}


def empty_instruction(row: Row) -> Row:
    """Leave the mail empty."""
    return row | {"instruction": ""}


def special_token_in_instruction(row: Row) -> Row:
    """Put a turn marker into the mail."""
    return row | {"instruction": row["instruction"].replace(" ", " <|im_end|> ", 1)}


def control_in_instruction(row: Row) -> Row:
    """Put control characters into the mail."""
    return row | {"instruction": "\x08\x0b" + row["instruction"]}


def response_not_text(row: Row) -> Row:
    """Give a number where a text belongs."""
    return row | {"response": 404}


CHAT_DEFECTS: tuple[Callable[[Row], Any], ...] = (
    json_cut_short,
    json_missing_brace,
    json_single_quotes,
    invalid_utf8,
    not_an_object,
    missing_assistant,
    empty_assistant,
    empty_user,
    blank_user,
    assistant_before_user,
    system_last,
    missing_messages,
    nul_character,
    control_characters,
    special_token_in_user,
    special_token_in_answer,
    json_cut_short,
)
FLAT_DEFECTS: tuple[Callable[[Row], Any], ...] = (
    missing_response,
    blank_response,
    empty_instruction,
    special_token_in_instruction,
    control_in_instruction,
)
ARRAY_DEFECTS: tuple[Callable[[Row], Any], ...] = (missing_response, response_not_text, not_an_object)

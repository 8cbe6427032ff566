"""Turns of a conversation, in whatever spelling, as turns of one spelling.

Read are `role`/`content` (OpenAI, Hugging Face) and `from`/`value` (ShareGPT), with the roles that these know; content
as a text or as a list of text parts; tool calls as `tool_calls`, as the older `function_call`, and as ShareGPT's turn
from `function_call`, whose value is the call in JSON.
"""

from typing import Any

import orjson

from tasks.ingest.fields import kind_name, needed, present, shown_name, text_in
from tasks.ingest.parts import Note, Turn
from tasks.ingest.reasons import BadRowError
from tasks.ingest.tools import read_calls

PLAIN_ROLES = ("system", "user", "assistant")
_CALL = "call"
ROLES = {
    **{role: role for role in (*PLAIN_ROLES, "tool")},
    "developer": "system",
    "human": "user",
    **dict.fromkeys(("gpt", "chatgpt", "bot", "model"), "assistant"),
    **dict.fromkeys(("function", "observation", "ipython", "tool_response", "function_response"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), _CALL),
}
_KNOWN = {"role", "from", "content", "value", "tool_calls", "function_call", "name", "tool_call_id"}


def read_turns(value: Any, where: str, notes: list[Note]) -> list[Turn]:
    """Return the turns of a list, or of a list written as JSON into a text column.

    Args:
        value: What stands in the column.
        where: The column's name, for details.
        notes: Given a note for each key of a turn that is not read, as `("column", "messages[].key")`.

    Raises:
        BadRowError: wrong_type, missing_field, unknown_role or bad_tool_call.
    """
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadRowError("wrong_type", f"{where} is a text that is no JSON list of turns") from error
    if not isinstance(value, list):
        raise BadRowError("wrong_type", f"{where} is {kind_name(value)}, not a list of turns")
    turns: list[Turn] = []
    for index, turn in enumerate(value):
        # Nearly all turns are of this kind, and a dictionary of its own keeps the keys' order the same everywhere.
        if type(turn) is dict and len(turn) == 2:
            role, content = turn.get("role"), turn.get("content")
            if role in PLAIN_ROLES and type(content) is str:
                turns.append({"role": role, "content": content})
                continue
        turns.append(_turn(turn, where, index, notes))
    return turns


def _turn(turn: Any, column: str, index: int, notes: list[Note]) -> Turn:
    where = f"{column}[{index}]"
    if not isinstance(turn, dict):
        raise BadRowError("wrong_type", f"{where} is {kind_name(turn)}, not an object")
    role = _role(turn, where)
    notes += [
        ("column", f"{column}[].{shown_name(name)}") for name, held in turn.items() if name not in _KNOWN and held
    ]
    calls = turn.get("tool_calls") or turn.get("function_call")
    key = present(turn, ("content", "value"))
    if role == _CALL:
        return {"role": "assistant", "content": "", "tool_calls": read_calls(turn.get(key), f"{where}.{key}")}
    if calls and role != "assistant":
        raise BadRowError("bad_tool_call", f"{where} is the {role}'s, and has tool calls")
    if calls and turn.get(key) is None:
        content = ""
    else:
        content = _content(needed(turn, ("content", "value"), f"{where}."), f"{where}.{key}")
    read: Turn = {"role": role, "content": content}
    if calls:
        read["tool_calls"] = read_calls(calls, f"{where}.{'tool_calls' if turn.get('tool_calls') else 'function_call'}")
    if role == "tool":
        read |= {name: text_in(turn[name], f"{where}.{name}") for name in ("name", "tool_call_id") if turn.get(name)}
    return read


def _role(turn: dict[str, Any], where: str) -> str:
    key = present(turn, ("role", "from"))
    said = text_in(needed(turn, ("role", "from"), f"{where}."), f"{where}.{key}")
    role = ROLES.get(said)
    if role is None:
        raise BadRowError("unknown_role", f"{where}.{key} is none of {', '.join(ROLES)}")
    return role


def _content(value: Any, where: str) -> str:
    """Return a text, or text parts put together as vLLM puts them together: one a line."""
    if not isinstance(value, list):
        return text_in(value, where)
    return "\n".join(_part(part, f"{where}[{index}]") for index, part in enumerate(value))


def _part(part: Any, where: str) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise BadRowError("wrong_type", f"{where} is {kind_name(part)}, not a text part")
    if part.get("type", "text") not in ("text", "input_text", "output_text"):
        raise BadRowError("wrong_type", f"{where} is a part of another kind than text (an image, a sound, a file)")
    return text_in(part.get("text"), f"{where}.text")

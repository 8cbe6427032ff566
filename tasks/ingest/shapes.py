"""The formats: which one a file has, and how its rows become records."""

from collections.abc import Iterable
from typing import Any, Literal

from tasks.ingest.content import Part, check_length, check_text
from tasks.ingest.fields import kind_name, scalar_fields
from tasks.ingest.reasons import BadRowError

Format = Literal["instruction", "chat", "completion", "unknown"]
Message = dict[str, str]

QUESTIONS = ("instruction", "prompt")
ANSWERS = ("response", "output", "completion")
ROLES = ("system", "user", "assistant")
_PARTS: dict[str, Part] = {"system": "system", "user": "user", "assistant": "answer"}


def detect(values: Iterable[Any]) -> Format:
    """Return the format that most rows have; `unknown` when none has any of the fields that tell it."""
    votes: dict[Format, int] = {"chat": 0, "instruction": 0, "completion": 0}
    for value in values:
        if not isinstance(value, dict):
            continue
        if "messages" in value:
            votes["chat"] += 1
        elif any(name in value for name in (*QUESTIONS, *ANSWERS)):
            votes["instruction"] += 1
        elif "text" in value:
            votes["completion"] += 1
    best = max(votes, key=votes.__getitem__)
    return best if votes[best] else "unknown"


def normalise(value: Any, form: Format, max_chars: int) -> dict[str, Any]:
    """Return the parts of a record that come from the row itself: messages, text and fields.

    Raises:
        BadRowError: The row breaks the contract.
    """
    if not isinstance(value, dict):
        raise BadRowError("not_an_object", f"the row is {kind_name(value)}")
    if form == "chat":
        messages = _turns(_needed(value, ("messages",)))
        used = ["messages"]
    elif form == "instruction":
        messages, used = _instruction(value)
    elif form == "completion":
        text = _text(_needed(value, ("text",)), "text")
        check_length([text], max_chars)
        check_text(text, "answer", "text")
        return {"messages": [], "text": text, "fields": scalar_fields(value, ["text"])}
    else:
        raise BadRowError("missing_field", f"none of messages, {', '.join((*QUESTIONS, *ANSWERS))}, text is there")
    check_length([message["content"] for message in messages], max_chars)
    for index, message in enumerate(messages):
        where = f"messages[{index}].content" if form == "chat" else _column(message, used)
        check_text(message["content"], _PARTS[message["role"]], where)
    return {"messages": messages, "text": "", "fields": scalar_fields(value, used)}


def _instruction(value: dict[str, Any]) -> tuple[list[Message], list[str]]:
    """Return the turns of a row of question and answer, and the columns they came from."""
    question = _present(value, QUESTIONS)
    answer = _present(value, ANSWERS)
    asked = _text(_needed(value, QUESTIONS), question)
    answered = _text(_needed(value, ANSWERS), answer)
    used = [question, answer]
    if question == "instruction" and value.get("input") is not None:
        # The alpaca form: the instruction says what to do, the input what to do it with.
        given = _text(value["input"], "input")
        asked = f"{asked}\n\n{given}" if given.strip() else asked
        used.append("input")
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    if value.get("system") is not None:
        system = _text(value["system"], "system")
        used.append("system")
        if system.strip():
            messages.insert(0, {"role": "system", "content": system})
    return messages, used


def _column(message: Message, used: list[str]) -> str:
    """Name the column that a turn of an instruction row came from."""
    return {"user": used[0], "assistant": used[1]}.get(message["role"], "system")


def _turns(value: Any) -> list[Message]:
    if not isinstance(value, list):
        raise BadRowError("wrong_type", f"messages is {kind_name(value)}, not a list of turns")
    turns = [_turn(turn, f"messages[{index}]") for index, turn in enumerate(value)]
    if not any(turn["role"] == "assistant" for turn in turns):
        raise BadRowError("no_assistant", f"none of the {len(turns)} turns is the assistant's")
    expected = "user"
    for index, turn in enumerate(turns):
        if index == 0 and turn["role"] == "system":
            continue
        if turn["role"] != expected:
            raise BadRowError("role_order", f"messages[{index}] is the {turn['role']}'s, expected is the {expected}'s")
        expected = "assistant" if expected == "user" else "user"
    if expected == "assistant":
        raise BadRowError("role_order", "the last turn is the user's, expected is an answer")
    return turns


def _turn(turn: Any, where: str) -> Message:
    if not isinstance(turn, dict):
        raise BadRowError("wrong_type", f"{where} is {kind_name(turn)}, not an object")
    for name in ("tool_calls", "function_call"):
        if turn.get(name):
            raise BadRowError(
                "wrong_type", f"{where}.{name}: tool calls are not read, leaving them out would change it"
            )
    role = _text(_needed(turn, ("role",), f"{where}."), f"{where}.role")
    if role not in ROLES:
        raise BadRowError("unknown_role", f"{where}.role is none of {', '.join(ROLES)}")
    return {"role": role, "content": _text(_needed(turn, ("content",), f"{where}."), f"{where}.content")}


def _present(value: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((name for name in names if value.get(name) is not None), names[0])


def _needed(value: dict[str, Any], names: tuple[str, ...], where: str = "") -> Any:
    found = value.get(_present(value, names))
    if found is None:
        raise BadRowError("missing_field", f"{where}{' or '.join(names)} is absent or null")
    return found


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BadRowError("wrong_type", f"{where} is {kind_name(value)}, not a text")
    return value

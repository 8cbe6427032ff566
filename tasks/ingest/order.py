"""Who speaks after whom."""

from typing import Any

from tasks.ingest.parts import Places, Turn
from tasks.ingest.reasons import BadRowError


def check_order(turns: list[Turn], places: Places) -> None:
    """Check the order: (system,) user, assistant, user ...; behind tool calls their results, then what follows of them.

    Args:
        turns: At least one of them must be the assistant's, and the last one too; it may end with calls.
        places: The column that lists the turns, or a place for each.

    Raises:
        BadRowError: no_assistant, role_order, last_turn or bad_tool_call.
    """
    roles = [turn["role"] for turn in turns]
    if "assistant" not in roles:
        raise BadRowError("no_assistant", f"none of the {len(turns)} turns is the assistant's")
    expected: tuple[str, ...] = ("user",)
    calls: list[dict[str, Any]] = []
    for index, role in enumerate(roles):
        if role == "system" and index == 0:
            continue
        if role not in expected:
            wanted = " or ".join(f"the {name}'s" for name in expected)
            raise BadRowError("role_order", f"{_place(places, index)} is the {role}'s, expected is {wanted}")
        if role == "user":
            expected = ("assistant",)
        elif role == "assistant":
            calls = turns[index].get("tool_calls", [])
            expected = ("tool",) if calls else ("user",)
        else:
            _check_result(turns[index], calls, _place(places, index))
            expected = ("tool", "assistant")
    if roles[-1] != "assistant":
        raise BadRowError("last_turn", f"the last turn is the {roles[-1]}'s, expected is the assistant's")


def _check_result(turn: Turn, calls: list[dict[str, Any]], where: str) -> None:
    ids = {call.get("id") for call in calls}
    if "tool_call_id" in turn and None not in ids and turn["tool_call_id"] not in ids:
        raise BadRowError("bad_tool_call", f"{where}.tool_call_id is that of none of the calls before it")


def _place(places: Places, index: int) -> str:
    return f"{places}[{index}]" if isinstance(places, str) else places[index]

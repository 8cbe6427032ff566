"""Tools that a row offers, and the calls its assistant makes, in the one form of chat templates.

Read are OpenAI's form (arguments as an object or as JSON in a string), the flat `{"name", "arguments"}` of ShareGPT
and Hermes data, and either of them written as JSON into a text column.
"""

from typing import Any

import orjson

from tasks.ingest.fields import kind_name
from tasks.ingest.reasons import BadRowError


def read_tools(value: Any, where: str) -> list[dict[str, Any]]:
    """Return functions as `{"type": "function", "function": {"name", ...}}`; empty when the column holds none.

    Raises:
        BadRowError: bad_tools.
    """
    if isinstance(value, str):
        value = _json(value, where, "bad_tools") if value.strip() else None
    if not value:
        return []
    if not isinstance(value, list):
        raise BadRowError("bad_tools", f"{where} is {kind_name(value)}, not a list of functions")
    return [_tool(tool, f"{where}[{index}]") for index, tool in enumerate(value)]


def read_calls(value: Any, where: str) -> list[dict[str, Any]]:
    """Return calls as `{"type": "function", "function": {"name", "arguments": object}}`, with `id` where given.

    Args:
        value: A call, a list of calls, or either as JSON in a string.
        where: Names the place in a detail.

    Raises:
        BadRowError: bad_tool_call.
    """
    if isinstance(value, str):
        value = _json(value, where, "bad_tool_call")
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        raise BadRowError("bad_tool_call", f"{where} is {kind_name(value)}, not a call or a list of calls")
    return [_call(call, f"{where}[{index}]") for index, call in enumerate(value)]


def _tool(tool: Any, where: str) -> dict[str, Any]:
    function = _function(tool, where, "bad_tools")
    if not isinstance(function.get("parameters"), (dict, type(None))):
        raise BadRowError("bad_tools", f"{where}: parameters is {kind_name(function['parameters'])}, not an object")
    return {"type": "function", "function": function}


def _call(call: Any, where: str) -> dict[str, Any]:
    function = _function(call, where, "bad_tool_call")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        arguments = _json(arguments, f"{where}.arguments", "bad_tool_call") if arguments.strip() else None
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise BadRowError("bad_tool_call", f"{where}.arguments is {kind_name(arguments)}, not an object")
    read: dict[str, Any] = {"type": "function", "function": {"name": function["name"], "arguments": arguments}}
    if call.get("id") is not None:
        if not isinstance(call["id"], str):
            raise BadRowError("bad_tool_call", f"{where}.id is {kind_name(call['id'])}, not a text")
        read["id"] = call["id"]
    return read


def _function(value: Any, where: str, reason: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRowError(reason, f"{where} is {kind_name(value)}, not an object")
    if value.get("type", "function") not in ("function", None) and "function" in value:
        raise BadRowError(reason, f"{where}: its type is not 'function'")
    function = value.get("function", value)
    if not isinstance(function, dict):
        raise BadRowError(reason, f"{where}.function is {kind_name(function)}, not an object")
    name = function.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadRowError(reason, f"{where} has no name")
    return function


def _json(text: str, where: str, reason: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRowError(reason, f"{where} is not valid JSON ({error.msg} at character {error.pos + 1})") from error

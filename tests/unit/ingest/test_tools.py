import json

import pytest

from tasks.ingest.reasons import BadRowError
from tasks.ingest.tools import read_calls, read_tools

CALL = {"type": "function", "function": {"name": "track", "arguments": {"box": "F1"}}}
TOOL = {"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}


def refused(read, value):
    with pytest.raises(BadRowError) as caught:
        read(value, "here")
    assert "hush" not in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        [CALL],
        CALL,
        json.dumps([CALL]),
        [{"function": {"name": "track", "arguments": '{"box": "F1"}'}}],
        [{"name": "track", "arguments": {"box": "F1"}}],
        '{"name": "track", "arguments": "{\\"box\\": \\"F1\\"}"}',
    ],
)
def test_calls_in_every_spelling_are_one_call(value):
    assert read_calls(value, "here") == [CALL]


def test_an_id_is_kept():
    assert read_calls([CALL | {"id": "c1"}], "here") == [CALL | {"id": "c1"}]


@pytest.mark.parametrize("arguments", [None, "", " ", {}, "{}"])
def test_no_arguments_are_an_empty_object(arguments):
    read = read_calls([{"name": "track", "arguments": arguments}], "here")
    assert read[0]["function"] == {"name": "track", "arguments": {}}


@pytest.mark.parametrize(
    "value",
    [
        [],
        7,
        "",
        "hush(1)",
        ["hush"],
        [{"function": "hush"}],
        [{"name": ""}],
        [{"name": 1}],
        [{"arguments": {"hush": 1}}],
        [{"name": "hush", "arguments": "hush"}],
        [{"name": "hush", "arguments": "[1]"}],
        [{"name": "hush", "arguments": 5}],
        [CALL | {"type": "hush"}],
        [CALL | {"id": 5}],
    ],
)
def test_calls_that_cannot_be_read(value):
    assert refused(read_calls, value).reason == "bad_tool_call"


@pytest.mark.parametrize("value", [[TOOL], json.dumps([TOOL]), [TOOL["function"]], [TOOL | {"type": None}]])
def test_tools_in_every_spelling_are_one_tool(value):
    assert read_tools(value, "here") == [TOOL]


@pytest.mark.parametrize("value", [None, [], "", " ", "[]", "null"])
def test_no_tools(value):
    assert read_tools(value, "here") == []


@pytest.mark.parametrize(
    "value",
    [
        7,
        {"name": "hush"},
        "hush",
        ["hush"],
        [{"description": "hush"}],
        [TOOL | {"type": "hush"}],
        '{"name": "hush"}',
        [{"name": "hush", "parameters": "hush"}],
    ],
)
def test_tools_that_cannot_be_read(value):
    assert refused(read_tools, value).reason == "bad_tools"


def test_details_say_where():
    assert refused(read_calls, [CALL, {"name": "x", "arguments": "{"}]).detail.startswith(
        "here[1].arguments is not valid JSON ("
    )
    assert refused(read_tools, [TOOL, 5]).detail == "here[1] is a number, not an object"

import json

import pytest

from tasks.ingest.reasons import BadRowError
from tasks.ingest.turns import ROLES, read_turns

USER, ANSWER = {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}
CALL = {"type": "function", "function": {"name": "track", "arguments": {"box": "F1"}}}


def read(*turns):
    return read_turns(list(turns), "messages", [])


def refused(*turns):
    with pytest.raises(BadRowError) as caught:
        read(*turns)
    return caught.value


def test_turns_are_copied_with_their_keys_in_one_order():
    given = {"content": "u", "role": "user"}
    (turn,) = read(given)
    assert turn == given
    assert list(turn) == ["role", "content"]
    assert turn is not given


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ("human", "user"),
        ("gpt", "assistant"),
        ("system", "system"),
        ("developer", "system"),
        ("observation", "tool"),
        ("tool", "tool"),
        ("function", "tool"),
        ("ipython", "tool"),
        ("model", "assistant"),
    ],
)
def test_roles_in_both_spellings(said, role):
    assert (
        read({"from": said, "value": "x"}) == read({"role": said, "content": "x"}) == [{"role": role, "content": "x"}]
    )


def test_a_call_in_its_own_turn():
    value = json.dumps(CALL["function"])
    assert read({"from": "function_call", "value": value}) == [
        {"role": "assistant", "content": "", "tool_calls": [CALL]}
    ]


@pytest.mark.parametrize("content", [None, "Let me see."])
@pytest.mark.parametrize("key", ["tool_calls", "function_call"])
def test_calls_with_and_without_content(content, key):
    calls = [CALL] if key == "tool_calls" else CALL["function"]
    turn = {"role": "assistant", "content": content, key: calls}
    assert read(turn) == [{"role": "assistant", "content": content or "", "tool_calls": [CALL]}]


def test_calls_without_a_content_key():
    assert read({"role": "assistant", "tool_calls": [CALL]})[0]["content"] == ""


def test_names_and_ids_of_results_are_kept_and_those_of_others_are_not():
    result = {"role": "tool", "name": "track", "tool_call_id": "c1", "content": "Tema"}
    assert read(result) == [result]
    assert read(result | {"name": None, "tool_call_id": ""}) == [{"role": "tool", "content": "Tema"}]
    assert read(USER | {"name": "Ada"}) == [USER]


def test_text_parts_are_joined_by_lines():
    parts = [{"type": "text", "text": "a"}, "b", {"text": "c"}, {"type": "input_text", "text": ""}]
    assert read(USER | {"content": parts})[0]["content"] == "a\nb\nc\n"
    assert refused(USER | {"content": [{"type": "image_url", "image_url": "hush"}]}).detail == (
        "messages[0].content[0] is a part of another kind than text (an image, a sound, a file)"
    )
    assert refused(USER | {"content": [{"type": ["text"]}]}).reason == "wrong_type"
    assert refused(USER | {"content": [5]}).detail == "messages[0].content[0] is a number, not a text part"


def test_a_list_in_a_text_column():
    assert read_turns(" " + json.dumps([USER, ANSWER]), "messages", []) == [USER, ANSWER]
    for value in ("[hush", "hush", 5, None, USER):
        with pytest.raises(BadRowError, match="wrong_type: messages is ") as caught:
            read_turns(value, "messages", [])
        assert "hush" not in caught.value.detail


def test_keys_that_are_not_read_are_noted():
    notes = []
    read_turns([USER | {"weight": 1, "audio": None}, ANSWER | {"weight": 0, "My text": "hush"}], "messages", notes)
    assert notes == [("column", "messages[].weight"), ("column", "messages[].(no plain name)")]


@pytest.mark.parametrize(
    ("turn", "reason", "detail"),
    [
        ("hush", "wrong_type", "messages[0] is a text, not an object"),
        ({}, "missing_field", "messages[0].role or from is absent or null"),
        ({"role": "user"}, "missing_field", "messages[0].content or value is absent or null"),
        ({"from": ["hush"], "value": "x"}, "wrong_type", "messages[0].from is a list, not a text"),
        ({"from": "human", "value": 5}, "wrong_type", "messages[0].value is a number, not a text"),
        ({"role": "hush", "content": "x"}, "unknown_role", f"messages[0].role is none of {', '.join(ROLES)}"),
        (USER | {"tool_calls": [CALL]}, "bad_tool_call", "messages[0] is the user's, and has tool calls"),
        (
            {"from": "function_call", "value": None},
            "bad_tool_call",
            "messages[0].content is null, not a call or a list of calls",
        ),
    ],
)
def test_turns_that_cannot_be_read(turn, reason, detail):
    error = refused(turn)
    assert (error.reason, error.detail) == (reason, detail)

import pytest

from tasks.ingest.questions import read_chat, read_question
from tasks.ingest.reasons import BadRowError

USER, ANSWER, SYSTEM = ({"role": role, "content": role[:1]} for role in ("user", "assistant", "system"))
TOOL = {"type": "function", "function": {"name": "n"}}


@pytest.mark.parametrize("column", ["messages", "conversations"])
def test_chat_under_both_names(column):
    parts = read_chat({column: [USER, ANSWER]}, [])
    assert parts.messages == [USER, ANSWER]
    assert parts.used == (column,)
    assert parts.place(1) == f"{column}[1].content"


def test_a_system_column_goes_in_front_unless_there_is_a_system_turn():
    parts = read_chat({"messages": [USER, ANSWER], "system": "s"}, [])
    assert parts.messages == [SYSTEM, USER, ANSWER]
    assert parts.used == ("messages", "system")
    assert [parts.place(index) for index in range(3)] == ["system", "messages[0].content", "messages[1].content"]
    own = read_chat({"messages": [SYSTEM, USER, ANSWER], "system": "other"}, [])
    assert own.messages == [SYSTEM, USER, ANSWER]
    assert own.used == ("messages",)
    blank = read_chat({"messages": [USER, ANSWER], "system": " "}, [])
    assert blank.messages == [USER, ANSWER]
    assert blank.used == ("messages", "system")


def test_the_tools_column():
    assert read_chat({"messages": [USER, ANSWER], "tools": [TOOL]}, []).tools == [TOOL]
    assert read_chat({"messages": [USER, ANSWER], "tools": None}, []).used == ("messages",)
    with pytest.raises(BadRowError, match="bad_tools: tools is not valid JSON"):
        read_chat({"messages": [USER, ANSWER], "tools": "hammer"}, [])


def test_tools_beside_a_question_are_read_only_when_they_look_like_tools():
    row = {"instruction": "a", "response": "b"}
    plain = read_question(row | {"tools": "hammer"}, [])
    assert (list(plain.tools), plain.used) == ([], ("instruction", "response"))
    for tools in ([TOOL], '[{"name": "n"}]'):
        assert read_question(row | {"tools": tools}, []).tools == [TOOL]


def test_prompt_and_completion_as_turns():
    parts = read_question({"prompt": [SYSTEM, USER], "completion": [ANSWER]}, [])
    assert parts.messages == [SYSTEM, USER, ANSWER]
    assert parts.places == ("prompt[0]", "prompt[1]", "completion[0]")
    assert read_question({"prompt": [USER], "completion": "a"}, []).messages == [USER, ANSWER]
    assert read_question({"prompt": "u", "completion": [ANSWER, USER, ANSWER]}, []).messages == [USER, ANSWER] * 2
    for row in ({"prompt": [], "completion": "a"}, {"prompt": [USER, ANSWER], "completion": "a"}):
        with pytest.raises(BadRowError, match="role_order"):
            read_question(row, [])


def test_an_answer_that_looks_like_a_list_is_a_text():
    assert read_question({"prompt": "[1]", "completion": "[2]"}, []).messages[1]["content"] == "[2]"

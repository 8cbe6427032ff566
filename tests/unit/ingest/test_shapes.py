import pytest

from tasks.ingest.reasons import BadRowError
from tasks.ingest.shapes import detect, normalise

USER, ANSWER, SYSTEM = ({"role": role, "content": role[:1]} for role in ("user", "assistant", "system"))


def refused(value, form="chat", max_chars=1000):
    with pytest.raises(BadRowError) as caught:
        normalise(value, form, max_chars)
    return caught.value.reason


def turns(value, form="instruction"):
    return [(turn["role"], turn["content"]) for turn in normalise(value, form, 1000)["messages"]]


@pytest.mark.parametrize(
    ("rows", "form"),
    [
        ([{"messages": []}], "chat"),
        ([{"instruction": "a", "input": "b", "output": "c", "text": "d"}], "instruction"),
        ([{"prompt": "a", "completion": "b"}], "instruction"),
        ([{"text": "a", "family": "b"}], "completion"),
        ([{"text": "a"}, None, [], {"messages": []}, {"messages": []}], "chat"),
        ([{"sentence": "a"}, 1], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_format_is_that_of_most_rows(rows, form):
    assert detect(rows) == form


@pytest.mark.parametrize(
    ("question", "answer"),
    [("instruction", "response"), ("instruction", "output"), ("prompt", "completion")],
)
def test_question_and_answer(question, answer):
    row = {question: " ask ", answer: "say\n", "family": "f"}
    assert turns(row) == [("user", " ask "), ("assistant", "say\n")]
    assert normalise(row, "instruction", 1000)["fields"] == {"family": "f"}


def test_a_system_column_becomes_a_turn_unless_blank():
    row = {"instruction": "a", "response": "b"}
    assert turns(row | {"system": "s"})[0] == ("system", "s")
    for blank in ("", "  ", None):
        assert turns(row | {"system": blank})[0] == ("user", "a")
    assert normalise(row | {"system": "s"}, "instruction", 1000)["fields"] == {}
    assert refused(row | {"system": 1}, "instruction") == "wrong_type"


def test_alpaca_input_follows_the_instruction():
    row = {"instruction": "a", "output": "b"}
    assert turns(row | {"input": "given"})[0] == ("user", "a\n\ngiven")
    assert turns(row | {"input": ""})[0] == ("user", "a")
    assert refused(row | {"input": ["x"]}, "instruction") == "wrong_type"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instruction": "a"}, "missing_field"),
        ({"response": "a"}, "missing_field"),
        ({"instruction": "a", "response": None}, "missing_field"),
        ({"instruction": "a", "response": 404}, "wrong_type"),
        ({"instruction": "", "response": "b"}, "empty_user"),
        ({"instruction": "a", "response": "  "}, "empty_answer"),
        ({"instruction": "a", "response": "</s>"}, "special_tokens"),
        ({"instruction": "a", "response": "b", "system": "\x00"}, "control_characters"),
        (["a", "b"], "not_an_object"),
    ],
)
def test_bad_instruction_rows(row, reason):
    assert refused(row, "instruction") == reason


def test_details_name_the_column():
    with pytest.raises(BadRowError, match="empty_user: prompt has no text"):
        normalise({"prompt": "", "completion": "b"}, "instruction", 9)
    with pytest.raises(BadRowError, match="wrong_type: response is a number, not a text"):
        normalise({"prompt": "a", "response": 1}, "instruction", 9)
    with pytest.raises(BadRowError, match=r"empty_answer: messages\[1\]\.content has no text"):
        normalise({"messages": [USER, ANSWER | {"content": ""}]}, "chat", 9)


@pytest.mark.parametrize("messages", [[USER, ANSWER], [SYSTEM, USER, ANSWER], [USER, ANSWER, USER, ANSWER]])
def test_good_conversations_are_passed_on(messages):
    row = {"messages": [turn | {"name": "n"} for turn in messages], "id": 7}
    assert normalise(row, "chat", 1000) == {"messages": messages, "text": "", "fields": {"id": 7}}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, "missing_field"),
        ("hello", "wrong_type"),
        ({"role": "user"}, "wrong_type"),
        ([], "no_assistant"),
        ([SYSTEM, USER], "no_assistant"),
        (["hello"], "wrong_type"),
        ([{"content": "a"}, ANSWER], "missing_field"),
        ([{"role": "user"}, ANSWER], "missing_field"),
        ([{"role": 1, "content": "a"}, ANSWER], "wrong_type"),
        ([USER | {"content": [{"type": "text"}]}, ANSWER], "wrong_type"),
        ([USER, {"role": "assistant", "content": "a", "tool_calls": [{}]}], "wrong_type"),
        ([{"role": "human", "content": "a"}, ANSWER], "unknown_role"),
        ([ANSWER, USER], "role_order"),
        ([USER, ANSWER, SYSTEM], "role_order"),
        ([SYSTEM, SYSTEM, USER, ANSWER], "role_order"),
        ([USER, USER, ANSWER], "role_order"),
        ([USER, ANSWER, USER], "role_order"),
        ([SYSTEM, ANSWER], "role_order"),
    ],
)
def test_bad_conversations(messages, reason):
    assert refused({"messages": messages}) == reason


def test_plain_text():
    assert normalise({"text": " as it is ", "n": 1}, "completion", 99) == {
        "messages": [],
        "text": " as it is ",
        "fields": {"n": 1},
    }
    assert refused({"text": ""}, "completion") == "empty_answer"
    assert refused({"body": "a"}, "completion") == "missing_field"
    assert refused({"text": "abc"}, "completion", 2) == "too_long"


def test_the_length_is_that_of_all_turns():
    assert refused({"messages": [USER, ANSWER]}, max_chars=1) == "too_long"
    normalise({"messages": [USER, ANSWER]}, "chat", 2)


def test_a_row_of_no_known_format():
    assert refused({"sentence": "a"}, "unknown") == "missing_field"

import pytest

from tasks.quality.examples import NoValue, example_of, json_value
from tests.unit.quality.rows import chat, plain

CALL = {"type": "function", "function": {"name": "track", "arguments": {"booking": "X1"}}}


def test_the_last_answer_is_the_answer():
    record = chat(3, "first", "one")
    record["messages"] += [{"role": "user", "content": "second"}, {"role": "assistant", "content": '{"a": 1}'}]
    example = example_of(record)
    assert (example.prompt, example.answer, example.value) == ("first\none\nsecond", '{"a": 1}', {"a": 1})
    assert example.place == {"id": "a.jsonl:3", "file": "a.jsonl", "row": 3}
    assert example.rejected is None


def test_calls_plain_texts_and_rejected_answers():
    called = chat(1, "q", "")
    called["messages"][1]["tool_calls"] = [CALL]
    example = example_of(called)
    assert example.calls == ("track",)
    assert "X1" in example.answer
    assert example.value is NoValue
    assert example_of(plain(1, "text")).answer == "text"
    assert example_of(plain(1, "text")).prompt == ""
    rejected = chat(1, "q", "a", rejected=[{"role": "assistant", "content": "worse"}])
    assert example_of(rejected).rejected == "worse"


@pytest.mark.parametrize(
    ("text", "value"),
    [(' {"a": null} ', {"a": None}), ("[1]", [1]), ("-2.5", -2.5), ("true", True), ("null", None)],
)
def test_json_is_read(text, value):
    assert json_value(text) == value


@pytest.mark.parametrize("text", ["", " ", "text", '"quoted"', "NaN", '{"a": 1} and more', "[" * 100_000, "{'a': 1}"])
def test_other_texts_have_no_value(text):
    assert json_value(text) is NoValue

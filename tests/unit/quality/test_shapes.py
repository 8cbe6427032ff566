import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.quality.examples import example_of
from tasks.quality.shapes import dominant_of, label_set, mismatch, shape_of
from tests.unit.quality.rows import chat, examples, plain


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ('{"a": 1}', "JSON object"),
        (" [1, 2] ", "JSON list"),
        ("-12.5", "number"),
        ("true", "free text"),
        ("```python\nx = 1\n```", "code"),
        ("def f(x):\n    return x", "code"),
        ("# Title\n\ntext", "markdown"),
        ("Steps:\n- one\n- two", "markdown"),
        ("see [this](http://x)", "markdown"),
        ("| a | b |\n| - | - |", "markdown"),
        ("Just a sentence, 3 - 2 = 1.", "free text"),
        (" ", "empty"),
    ],
)
def test_the_form_of_one_answer(answer, shape):
    assert shape_of(examples(answer)[0]) == shape


def test_a_call_is_a_form_of_its_own():
    record = chat(1, "q", "")
    record["messages"][1]["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": {}}}]
    assert shape_of(example_of(record)) == "tool call"


def test_objects_have_usual_keys_and_types():
    usual = [{"a": "x", "b": row, "note": "n"} if row % 3 else {"a": None, "b": row} for row in range(60)]
    odd = [{"a": "x"}, {"a": "x", "b": 1, "extra": 2}, {"a": ["x"], "b": "1"}, "no JSON", '```json\n{"a": 1}\n```']
    found = dominant_of(examples(*usual, *odd), 20)
    assert found.describe() == "JSON object {a: null or string, b: number, note?: string}"
    assert [mismatch(example, found) for example in examples(*odd)] == [
        ["key missing: b"],
        ["key unusual: extra"],
        ["type of a: list", "type of b: string"],
        ["free text instead of JSON object"],
        ["code instead of JSON object (the answer stands in a code fence)"],
    ]
    assert not any(mismatch(example, found) for example in examples(*usual))


def test_null_is_usual_however_rare_it_is():
    answers = [{"a": "x"}] * 60 + [{"a": None}]
    found = dominant_of(examples(*answers), 20)
    assert found.describe() == "JSON object {a: null or string}"
    assert mismatch(examples({"a": None})[0], found) == []


def test_labels_come_from_the_whole_set():
    answers = ["late"] * 30 + ["Early "] * 20 + ["on time"] * 9
    found = dominant_of(examples(*answers, "unknown"), 20)
    assert found.labels == {"late", "early", "on time"}
    assert found.share == pytest.approx(59 / 60)
    assert mismatch(examples("unknown")[0], found) == ["no usual label"]
    assert mismatch(examples("LATE")[0], found) == []


@pytest.mark.parametrize(
    "answers",
    [
        ["late"] * 60,
        ["late"] * 30 + ["early"] * 25 + ["x1", "x2", "x3", "x4"],
        [f"label {row % 30}" for row in range(300)],
        ["a" * 61, "b" * 61] * 20,
        ['{"a": 1}', '{"a": 2}'] * 20,
        ["two\nlines", "one"] * 20,
    ],
    ids=["one answer", "too many others", "too many labels", "too long", "objects", "lines"],
)
def test_what_is_no_set_of_labels(answers):
    assert label_set(examples(*answers), 20) == frozenset()


def test_plain_texts_are_no_labels():
    assert label_set([example_of(plain(row, "ab"[row % 2])) for row in range(40)], 20) == frozenset()


def test_a_larger_set_of_labels_can_be_allowed():
    answers = [f"label {row % 30}" for row in range(300)]
    assert len(label_set(examples(*answers), 30)) == 30


def test_prose_may_hold_code_lists_and_numbers():
    prose = ["A sentence here.", "Another sentence.", "- a list", "42", "```\ncode\n```", "More words."]
    found = dominant_of(examples(*prose), 20)
    assert found.shape == "free text"
    assert [mismatch(example, found) for example in examples(*prose)] == [[]] * 6
    assert mismatch(examples('{"a": 1}')[0], found) == ["JSON object instead of free text"]


def test_who_may_call_tools_may_answer_in_words():
    record = chat(1, "q", "")
    record["messages"][1]["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": {}}}]
    calls = [example_of(record)] * 3
    assert mismatch(examples("It sails on Friday.")[0], dominant_of(calls, 20)) == []
    assert mismatch(calls[0], dominant_of(examples("One sentence.", "Two sentences here."), 20)) == []
    assert mismatch(examples("[1]")[0], dominant_of(calls, 20)) == ["JSON list instead of tool call"]


def test_without_a_majority_nothing_is_unusual():
    mixed = examples('{"a": 1}', "[1]", "text here", "# markdown")
    found = dominant_of(mixed, 20)
    assert found.describe() == "no one form"
    assert not any(mismatch(example, found) for example in mixed)
    assert dominant_of([], 20).shape == ""


@given(st.lists(st.sampled_from(['{"a": 1}', '{"a": "x"}', '{"b": 1}', "[1]", "text", "7", "# m", ""]), min_size=1))
def test_the_share_is_that_of_the_answers_with_the_form(answers):
    found = dominant_of(examples(*answers), 20)
    if found.shape and not found.labels:
        same = sum(shape_of(example) == found.shape for example in examples(*answers))
        assert found.share == same / len(answers) >= 0.5

import pytest

from tasks.dedup.exact import find_conflicts
from tasks.dedup.texts import compared
from tasks.quality.examples import example_of
from tasks.quality.noise import WHOLE, differences, equal_prompts, keys_of, near_prompts, rows_of
from tests.unit.quality.rows import chat, examples, plain

LONG = (
    "please tell us when the vessel with our forty containers of toys and shoes sails from the old port to the new one"
)


def near(*rows):
    return near_prompts([example_of(row) for row in rows], 0.8)


def test_each_other_answer_is_paired_with_the_first_row_of_its_prompt():
    rows = [
        chat(1, "Q", {"a": 1, "b": 2}),
        chat(2, "q", {"a": 1, "b": 2}),
        chat(3, "q ", {"a": 1, "b": 3}),
        chat(4, "q", "no"),
    ]
    [conflict] = find_conflicts([compared(row) for row in rows])
    keys = [compared(row).answer_key for row in rows]
    line = {"rows": [{"id": rows[index]["id"], "answer_hash": keys[index]} for index in conflict.rows]}
    pairs = equal_prompts([line], {row["id"]: example_of(row) for row in rows})
    assert [(pair.left.record["row"], pair.right.record["row"], pair.differs) for pair in pairs] == [
        (1, 3, ("b",)),
        (1, 4, (WHOLE,)),
    ]
    assert pairs[0].line() == {
        "id": "a.jsonl:1", "file": "a.jsonl", "row": 1, "other": {"id": "a.jsonl:3", "file": "a.jsonl", "row": 3},
        "similarity": 1.0, "differs": ["b"], "explained": False,
    }  # fmt: skip
    assert rows_of(pairs) == {"a.jsonl:1", "a.jsonl:3", "a.jsonl:4"}
    assert keys_of(pairs) == {WHOLE: 1, "b": 1}


def test_near_same_prompts_with_other_answers_are_found():
    [pair] = near(chat(1, LONG, "late"), chat(2, f"{LONG} now", "early"), chat(3, "something else entirely", "late"))
    assert (pair.left.record["row"], pair.right.record["row"], pair.explained) == (1, 2, False)
    assert 0.8 <= pair.similarity < 1


@pytest.mark.parametrize(
    "rows",
    [
        (chat(1, LONG, "late"), chat(2, f"{LONG} now", "Late ")),
        (chat(1, LONG, "late"), chat(2, LONG.upper(), "early")),
        (chat(1, LONG, "late", system="Classify."), chat(2, f"{LONG} now", "Es ist spät", system="Translate.")),
        (plain(1, LONG), plain(2, f"{LONG} now")),
    ],
    ids=["equal answers", "equal prompts are dedup's", "another system prompt", "plain texts"],
)
def test_what_is_no_near_contradiction(rows):
    assert near(*rows) == []


def test_prompts_that_differ_where_their_answers_do_are_explained():
    one, two = f"{LONG} booking AB12", f"{LONG} booking CD34"
    [pair] = near(chat(1, one, {"b": "AB12", "x": None}), chat(2, two, {"b": "CD34", "x": None}))
    assert pair.explained
    assert pair.differs == ("b",)
    [pair] = near(chat(1, one, {"b": "AB12", "x": 1}), chat(2, two, {"b": "CD34", "x": 2}))
    assert not pair.explained
    [pair] = near(chat(1, one, "ab12"), chat(2, two, "CD34"))
    assert pair.explained
    both = f"{LONG} AB12 CD34"
    [pair] = near(chat(1, both, {"b": "AB12"}), chat(2, f"{both} now", {"b": "CD34"}))
    assert not pair.explained


@pytest.mark.parametrize(
    ("left", "right", "differs"),
    [
        ({"a": {"b": 1}, "c": 1}, {"a": {"b": 2}}, ("a.b", "c")),
        ([1, 2], [1, 3, 4], ("[1]", "[2]")),
        ({"lines": [{"p": 1}]}, {"lines": [{"p": "1"}]}, ("lines[0].p",)),
        ({"a": 1}, {"a": True}, ("a",)),
        ({"a": 1}, "text", (WHOLE,)),
        ("yes", "no", (WHOLE,)),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', ("spelling",)),
    ],
)
def test_what_differs(left, right, differs):
    one, two = examples(left, right)
    assert differences(one, two) == differs


def test_calls_differ_by_function_or_by_argument():
    def calling(name, argument):
        record = chat(1, "q", "")
        function = {"name": name, "arguments": {"x": argument}}
        record["messages"][1]["tool_calls"] = [{"type": "function", "function": function}]
        return example_of(record)

    assert differences(calling("f", 1), calling("g", 1)) == ("called functions",)
    assert differences(calling("f", 1), calling("f", 2)) == ("arguments of calls",)

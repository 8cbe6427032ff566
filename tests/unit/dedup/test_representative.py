import pytest

from tasks.dedup.representative import check_field, choose_representative, is_clean
from tasks.errors import DataError
from tests.unit.dedup.rows import chat, plain


def answers(*texts):
    return [chat(row, "question", text) for row, text in enumerate(texts, start=1)]


def dated(*values, name="date"):
    return [{**chat(row, "q", "a"), "fields": {name: value}} for row, value in enumerate(values, start=1)]


def test_the_first_is_the_first_in_file_order():
    assert choose_representative(answers("a", "bb", "ccc"), [2, 1], "first") == 1


def test_the_longest_clean_answer_is_kept():
    rows = answers("Short.", "A longer and whole answer.", "The longest answer of all, but it stops in the (middle")
    assert choose_representative(rows, [0, 1, 2], "longest") == 1


def test_ties_go_to_the_first_and_so_does_a_group_without_a_clean_answer():
    assert choose_representative(answers("bad", "same", "also"), [2, 1], "longest") == 1
    assert choose_representative(answers("open (", "longer but open ("), [0, 1], "longest") == 0


def test_where_most_are_json_a_longer_text_is_not_clean():
    rows = answers(
        '{"port": "Genoa"}', '{"port": "Genoa", "boxes": 5}', "The port is Genoa, and there are five boxes in all."
    )
    assert choose_representative(rows, [0, 1, 2], "longest") == 1
    assert choose_representative(rows[1:], [0, 1], "longest") == 1


def test_a_tool_call_counts_as_answer():
    call = {"type": "function", "function": {"name": "search", "arguments": {"query": "a long query about boxes"}}}
    rows = answers("short", "")
    rows[1]["messages"][-1]["tool_calls"] = [call]
    assert choose_representative(rows, [0, 1], "longest") == 1


def test_plain_text_is_its_own_answer():
    assert choose_representative([plain(1, "short"), plain(2, "a longer text")], [0, 1], "longest") == 1


@pytest.mark.parametrize(
    "text",
    ["", "  ", "lost \ufffd bytes", "bell \x07", "open (bracket", "closed) only", "```python\nx = 1", "and then,",
     "so...",
     "[truncated]", "I'm sorry, but I can't do that.", "Sorry, I cannot", "I’m sorry, I’m unable to help.",
     "I'm not able to answer", "I cannot help with that.", "As an AI, no."],
)  # fmt: skip
def test_unclean_answers(text):
    assert not is_clean(text)


@pytest.mark.parametrize(
    "text",
    ["5", "late", "A sentence", "Tab\tand\nline", "f(x) = [1]", "```\ncode\n```", '{"a": "b ("}',
     "I am sorry for the delay.",
     "The customer says: I cannot help"],
)  # fmt: skip
def test_clean_answers(text):
    assert is_clean(text)


def test_the_newest_is_kept_whatever_the_form_of_its_date():
    rows = dated("2024-05-31", "2024-06-01T08:00:00+09:00", "2024-05-31T23:30:00Z", "2024-05-31T10:00")
    assert choose_representative(rows, [0, 1, 2, 3], "newest", "date") == 2
    assert choose_representative(rows, [0, 1, 3], "newest", "date") == 1
    assert choose_representative(dated("2024-05-31", "2024-05-31T00:00:00Z"), [1, 0], "newest", "date") == 0


def test_the_highest_quality_is_kept_and_texts_of_numbers_are_numbers():
    assert choose_representative(dated(9, "10", 9.5), [0, 1, 2], "quality", "date") == 1
    assert choose_representative(dated(-1, -2), [1, 0], "quality", "date") == 0


@pytest.mark.parametrize(
    ("value", "rule", "match"),
    [("yesterday", "newest", "a.jsonl:2: the field 'date' is 'yesterday', no ISO 8601"),
     ("good", "quality", "no number"),
     ("nan", "quality", "no number"), (True, "quality", "no number"), (None, "newest", "no field 'date'"),
     ("", "quality", "a.jsonl:2 has no field 'date'")],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_named_with_its_row(value, rule, match):
    rows = dated("2024-01-01" if rule == "newest" else 1, value)
    with pytest.raises(DataError, match=match):
        choose_representative(rows, [0, 1], rule, "date")
    with pytest.raises(DataError, match=match):
        check_field(rows, rule, "date")


def test_all_unreadable_rows_are_counted_and_the_fields_there_are_named():
    with pytest.raises(DataError, match=r"fields there: date.*2 more rows"):
        check_field(dated(1, 2, 3), "quality", "score")
    check_field(dated(1, 2, 3), "first", "score")
    check_field(dated(1, 2, 3), "longest", "")
    check_field(dated(1, 2, 3), "quality", "date")

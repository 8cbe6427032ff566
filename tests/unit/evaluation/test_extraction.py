"""Known answers of the extraction metric."""

import json

import pytest

from tasks.evaluation.extraction import parse_object, same_value, score_answer, summarise

EXPECTED = '{"carrier":"MSC","rate":5965,"etd":null,"reefer":true}'


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (5965, 5965.0),
        (1685.5, 1.6855e3),
        ("MSC", " msc "),
        ("Straße", "STRASSE"),
        (None, None),
        (True, True),
        ([1, "A"], [1.0, "a"]),
        ({"port": {"code": "USLAX"}}, {"port": {"code": "uslax"}}),
    ],
)
def test_equal_values(expected: object, found: object) -> None:
    assert same_value(expected, found)
    assert same_value(found, expected)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (5965, 5966),
        (5965, "5965"),
        (1, True),
        (0, False),
        (None, ""),
        (None, 0),
        (None, "null"),
        (True, False),
        ("MSC", "M SC"),
        ("MSC", None),
        ([1, 2], [1]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, [1]),
        ([], {}),
    ],
)
def test_different_values(expected: object, found: object) -> None:
    assert not same_value(expected, found)
    assert not same_value(found, expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[1]",
        '"a"',
        '{"a":1',
        'Here it is: {"a":1}',
        '```json\n{"a":1}\n```',
        '{"a":1} {"a":1}',
        "{'a':1}",
        '{"a":NaN}',
        '{"a":' + "[" * 100_000,
        '{"a":' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_whole_json_object(text: str) -> None:
    assert parse_object(text) is None


def test_white_space_around_an_object_is_tolerated() -> None:
    assert parse_object(' \n{"a": 1}\t\n') == {"a": 1}


def test_a_right_answer_in_other_order_and_spelling_matches() -> None:
    score = score_answer(EXPECTED, '\n{"etd": null, "reefer": true, "rate": 5965.0, "carrier": "msc "}')
    assert (score.valid, score.field_accuracy, score.match) == (True, 1.0, True)
    assert list(score.fields) == ["carrier", "rate", "etd", "reefer"]


def test_an_absent_field_is_wrong_even_where_null_is_expected() -> None:
    score = score_answer(EXPECTED, '{"carrier":"MSC","rate":1,"reefer":true}')
    assert score.fields == {"carrier": True, "rate": False, "etd": False, "reefer": True}
    assert (score.field_accuracy, score.match) == (0.5, False)


def test_an_extra_field_spoils_the_record_but_no_field() -> None:
    answer = json.dumps(json.loads(EXPECTED) | {"note": ""})
    score = score_answer(EXPECTED, answer)
    assert (score.field_accuracy, score.match) == (1.0, False)


def test_right_json_inside_words_scores_nothing() -> None:
    score = score_answer(EXPECTED, f"Sure! {EXPECTED}")
    assert (score.valid, score.field_accuracy, score.match) == (False, 0.0, False)
    assert not any(score.fields.values())


def test_where_no_object_is_expected_the_text_must_be_equal() -> None:
    right, wrong, empty = (score_answer("Yes.", answer) for answer in (" Yes.\n", "yes", " "))
    assert (right.valid, right.match, right.field_accuracy, right.fields) == (True, True, 1.0, {})
    assert (wrong.valid, wrong.match, wrong.field_accuracy) == (True, False, 0.0)
    assert not empty.valid


def test_an_expected_object_without_fields() -> None:
    assert score_answer("{}", "{}").field_accuracy == 1.0
    assert score_answer("{}", '{"a":1}').field_accuracy == 0.0


def test_summary() -> None:
    answers = ['{"a":1,"b":2}', '{"a":1,"b":3}', "babble", '{"a":1}']
    expected = ['{"a":1,"b":2}'] * 3 + ['{"a":1}']
    figures = summarise([score_answer(*pair) for pair in zip(expected, answers, strict=True)])
    assert figures == {
        "n": 4,
        "valid_json": 0.75,
        "field_accuracy": 0.625,
        "record_match": 0.5,
        "fields": {"a": 0.75, "b": pytest.approx(1 / 3)},
    }

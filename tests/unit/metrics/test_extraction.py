"""Known answers of the extraction metric."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score
from tasks.metrics.extraction import ExtractionMetric
from tasks.metrics.params import Extraction

EXPECTED = '{"carrier":"MSC","rate":5965,"etd":null,"reefer":true}'
Make = Callable[..., list[Item]]


def score(make: Make, expected: str, answer: str, **params: Any) -> Score:
    return ExtractionMetric(Extraction(**params)).score(make([(expected, answer)]))[0]


def figures(score: Score) -> tuple[float, float, float]:
    return score.figures["valid"], score.figures["field_accuracy"], score.figures["match"]


def test_a_right_answer_in_other_order_and_spelling_matches(items: Make) -> None:
    found = score(items, EXPECTED, '\n{"etd": null, "reefer": true, "rate": 5965.0, "carrier": "msc "}')
    assert figures(found) == (1, 1, 1)
    assert found.value == 1
    assert found.detail == {"outcomes": {"right": ["carrier", "rate", "reefer"], "empty": ["etd"]}}


def test_an_absent_field_is_wrong_even_where_null_is_expected(items: Make) -> None:
    found = score(items, EXPECTED, '{"carrier":"MSC","rate":1,"reefer":true}')
    assert figures(found) == (1, 0.5, 0)
    assert found.detail["outcomes"] == {"right": ["carrier", "reefer"], "wrong": ["rate"], "form": ["etd"]}


@pytest.mark.parametrize(("extra", "outcome"), [("x", "extra"), (None, "form")])
def test_a_field_too_many_spoils_the_record_but_no_field(items: Make, extra: object, outcome: str) -> None:
    found = score(items, EXPECTED, json.dumps(json.loads(EXPECTED) | {"note": extra}))
    assert figures(found) == (1, 1, 0)
    assert found.detail["outcomes"][outcome] == ["note"]


def test_right_json_inside_words_scores_nothing(items: Make) -> None:
    found = score(items, EXPECTED, f"Sure! {EXPECTED}")
    assert figures(found) == (0, 0, 0)
    assert found.detail["outcomes"] == {"missing": ["carrier", "rate", "reefer"], "form": ["etd"]}


def test_where_no_object_is_expected_the_text_must_be_equal(items: Make) -> None:
    assert figures(score(items, "Yes.", " Yes.\n")) == (1, 1, 1)
    assert figures(score(items, "Yes.", "yes")) == (1, 0, 0)
    assert figures(score(items, "Yes.", " ")) == (0, 0, 0)


def test_an_expected_object_without_fields(items: Make) -> None:
    assert figures(score(items, "{}", "{}")) == (1, 1, 1)
    assert figures(score(items, "{}", '{"a":1}')) == (1, 0, 0)
    assert figures(score(items, "{}", "babble")) == (0, 0, 0)


def test_nested_objects_and_lists_are_compared_by_path(items: Make) -> None:
    expected = '{"port":{"code":"USLAX","name":"Los Angeles"},"lines":[{"n":1},{"n":2}]}'
    found = score(items, expected, '{"port":{"code":"USLAX","name":"LA"},"lines":[{"n":1},{"n":3},{"n":4}]}')
    assert found.value == 0.5
    assert found.detail["outcomes"] == {
        "right": ["port.code", "lines[0].n"],
        "wrong": ["port.name", "lines[1].n"],
        "extra": ["lines[2].n"],
    }


def test_another_shape_is_missing_and_extra(items: Make) -> None:
    found = score(items, '{"port":{"code":"USLAX"}}', '{"port":"USLAX"}')
    assert found.detail["outcomes"] == {"missing": ["port.code"], "extra": ["port"]}
    empty = score(items, '{"ports":[]}', '{"ports":["USLAX"]}')
    assert (empty.value, empty.detail["outcomes"]) == (0, {"form": ["ports"], "extra": ["ports[0]"]})


def test_the_order_of_lists_matters_until_it_is_switched_off(items: Make) -> None:
    expected, answer = '{"a":[{"n":1},{"n":2}]}', '{"a":[{"n":2},{"n":1}]}'
    assert score(items, expected, answer).value == 0
    assert figures(score(items, expected, answer, list_order=False)) == (1, 1, 1)


def test_a_normaliser_holds_for_its_field_alone(items: Make) -> None:
    expected, answer = (
        '{"a":"2026-05-01","b":"2026-05-01","l":[{"n":5}]}',
        '{"a":"1 May 2026","b":"1 May 2026","l":[{"n":"5.0"}]}',
    )
    assert score(items, expected, answer).value == 0
    assert score(items, expected, answer, normalisers={"a": "date", "l[].n": "number"}).value == pytest.approx(2 / 3)


def test_precision_recall_and_f1_count_values(items: Make) -> None:
    """By hand: a is right, right, wrong, missing, null where null is expected, extra."""
    pairs = [
        ('{"a":1}', '{"a":1}'), ('{"a":2}', '{"a":2}'), ('{"a":3}', '{"a":4}'), ('{"a":5}', '{"a":null}'),
        ('{"a":null}', '{"a":null}'), ('{"a":null}', '{"a":7}'),
    ]  # fmt: skip
    metric, made = ExtractionMetric(Extraction()), items(pairs)
    found = metric.summarise(made, metric.score(made))
    precision, recall = 2 / 4, 2 / 4
    assert found["tables"] == [
        {
            "title": "Fields",
            "columns": ["field", "values", "right", "wrong", "missing", "extra", "precision", "recall", "F1"],
            "rows": [["a", 4, 2, 1, 1, 1, precision, recall, 0.5]],
        }
    ]
    assert found["value"] == found["figures"]["field_accuracy"] == 0.5
    assert (found["kind"], found["main"], found["n"]) == ("extraction", "field_accuracy", 6)
    assert found["figures"] | {"field_accuracy": 0.5} == {
        "field_accuracy": 0.5, "match": 0.5, "valid": 1.0, "precision": precision, "recall": recall, "f1": 0.5,
    }  # fmt: skip


def test_precision_and_recall_differ_where_values_are_only_missing(items: Make) -> None:
    metric, made = ExtractionMetric(Extraction()), items([('{"a":1,"b":2,"c":3}', '{"a":1,"b":null,"c":null}')])
    found = metric.summarise(made, metric.score(made))["figures"]
    assert (found["precision"], found["recall"], found["f1"]) == (1.0, pytest.approx(1 / 3), 0.5)


def test_list_positions_are_one_field_of_the_table(items: Make) -> None:
    metric, made = ExtractionMetric(Extraction()), items([('{"l":[{"n":1},{"n":2}]}', '{"l":[{"n":1},{"n":3}]}')])
    rows = metric.summarise(made, metric.score(made))["tables"][0]["rows"]
    assert [row[:4] for row in rows] == [["l[].n", 2, 1, 1]]


def test_confusions_say_what_was_taken_for_what(items: Make) -> None:
    metric = ExtractionMetric(Extraction(confusions=("pol",), normalisers={"pol": "code"}))
    said = [("USLAX", "USLGB"), ("USLAX", "us-lax"), ("USLAX", "USLGB"), ("DEHAM", None), (None, "DEBRV")]
    made = items([(json.dumps({"pol": one}), json.dumps({"pol": other})) for one, other in said])
    table = metric.summarise(made, metric.score(made))["tables"][1]
    assert table["title"] == "Taken for each other: pol"
    assert table["rows"] == [["USLAX", "USLGB", 2], ["(none)", "DEBRV", 1], ["DEHAM", "(none)", 1]]


def test_schema_validity_is_a_figure_of_its_own(items: Make, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"required":["a"],"properties":{"a":{"type":"integer"}}}')
    params = {"schema_file": str(schema)}
    right, wrong, none = (score(items, '{"a":1}', answer, **params) for answer in ('{"a":2}', '{"a":"1"}', "babble"))
    assert (right.figures["schema_valid"], right.value) == (1.0, 0.0)
    assert (wrong.figures["schema_valid"], wrong.detail["schema"]) == (0.0, ["/a: type"])
    assert (none.figures["schema_valid"], none.detail["schema"]) == (0.0, ["no JSON object"])
    assert "schema_valid" not in score(items, '{"a":1}', '{"a":2}').figures


def test_a_schema_file_is_confined_and_must_be_one(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"type": 5}')
    with pytest.raises(ConfigError, match=r"metrics\[mails\]\.schema_file is no JSON Schema"):
        ExtractionMetric(Extraction(name="mails", schema_file=str(broken)))
    with pytest.raises(ConfigError, match="outside the allowed folders"):
        ExtractionMetric(Extraction(schema_file="/etc/hostname"))
    with pytest.raises(ConfigError, match="there is no file"):
        ExtractionMetric(Extraction(schema_file=str(tmp_path / "none.json")))


def test_fields_that_no_expected_answer_has_are_refused(items: Make, tmp_path: Path) -> None:
    made = items([('{"pol":"X","l":[{"n":1}]}', "")])
    with pytest.raises(ConfigError, match=r"normalisers: no expected answer has pool\. The fields are l\[\]\.n, pol"):
        ExtractionMetric(Extraction(normalisers={"pool": "code"})).check(made)
    with pytest.raises(ConfigError, match=r"confusions: no expected answer has l\[0\]\.n"):
        ExtractionMetric(Extraction(confusions=("l[0].n",))).check(made)
    ExtractionMetric(Extraction(normalisers={"pol": "code"}, confusions=("l[].n",))).check(made)
    schema = tmp_path / "schema.json"
    schema.write_text('{"required":["q"]}')
    with pytest.raises(ConfigError, match="expected answer of 0 breaks the schema"):
        ExtractionMetric(Extraction(schema_file=str(schema))).check(made)

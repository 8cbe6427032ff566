"""Known answers of the classification metric."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Summary
from tasks.metrics.classification import CONFUSION_TITLE, NONE, ClassificationMetric
from tasks.metrics.params import Classification
from tasks.metrics.plots import confusion_plot

Make = Callable[..., list[Item]]
# By hand: precision, recall, F1 of a: 2/3, 2/3, 2/3; of b: 1/2, 1/2, 1/2; of c: 0 of nothing, 0, 0.
PAIRS = [("a", "a"), ("a", "A "), ("a", "b"), ("b", "b"), ("b", "a"), ("c", "no idea")]


def measure(make: Make, pairs: list[tuple[str, str]], **params: Any) -> Summary:
    metric, made = ClassificationMetric(Classification(**params)), make(pairs)
    return metric.summarise(made, metric.score(made))


def test_accuracy_and_f1(items: Make) -> None:
    found = measure(items, PAIRS)
    assert (found["main"], found["value"], found["n"]) == ("accuracy", 0.5, 6)
    assert found["figures"]["labelled"] == pytest.approx(5 / 6)
    assert found["figures"]["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # 3 right of 5 answers that are labels, and of 6 items.
    assert found["figures"]["micro_f1"] == pytest.approx(2 * 0.6 * 0.5 / 1.1)
    assert "calibration" not in found["figures"]


def test_tables_of_classes_and_confusions(items: Make) -> None:
    classes, confusions, calibration = measure(items, PAIRS)["tables"]
    assert [row[:2] for row in classes["rows"]] == [["a", 3], ["b", 2], ["c", 1]]
    assert classes["rows"][0][2:] == [pytest.approx(2 / 3)] * 3
    assert confusions["title"] == CONFUSION_TITLE
    assert confusions["columns"] == ["expected", "a", "b", "c", NONE]
    assert confusions["rows"] == [["a", 2, 1, 0, 0], ["b", 1, 1, 0, 0], ["c", 0, 0, 0, 1]]
    assert calibration["title"].startswith("Calibration (0 of 6 answers")
    assert "nothing to measure" in calibration["title"]
    assert calibration["rows"] == []


def test_case_matters_when_it_is_said_to(items: Make) -> None:
    assert measure(items, [("Spam", "spam")])["value"] == 1.0
    assert measure(items, [("Spam", "spam")], ignore_case=False)["value"] == 0.0


def test_named_labels_are_all_shown_and_others_count_as_none(items: Make) -> None:
    found = measure(items, [("a", "a"), ("a", "z"), ("b", "b")], labels=("b", "a", "c"))
    assert [row[0] for row in found["tables"][0]["rows"]] == ["b", "a", "c"]
    assert found["tables"][1]["rows"][1] == ["a", 0, 1, 0, 1]
    # A class that nobody expects or answers is not in the mean.
    assert found["figures"]["macro_f1"] == pytest.approx((1 + 2 / 3) / 2)


def answer(label: str, confidence: object) -> str:
    return json.dumps({"label": label, "confidence": confidence})


def test_calibration_by_hand(items: Make) -> None:
    """Two bins: (0.2, wrong), (0.4, right) -> gap 0.2; (0.9, right), (1.0, right) -> gap 0.05; equal weights."""
    pairs = [("a", answer("b", 0.2)), ("b", answer("b", 0.4)), ("a", answer("a", 0.9)), ("b", answer("b", 1.0))]
    found = measure(items, pairs, bins=2)
    assert found["figures"]["calibration"] == pytest.approx(1 - 0.125)
    table = found["tables"][2]
    assert table["title"] == "Calibration (4 of 4 answers carry a label and a confidence): ECE 0.125"
    assert table["rows"] == [
        [0.0, 0.5, 2, pytest.approx(0.3), 0.5],
        [0.5, 1.0, 2, pytest.approx(0.95), 1.0],
    ]
    assert len(measure(items, pairs, bins=10)["tables"][2]["rows"]) == 3


@pytest.mark.parametrize("confidence", ["high", 1.2, -0.1, True, None, [0.5]])
def test_what_is_no_confidence_is_not_taken_for_one(items: Make, confidence: object) -> None:
    found = measure(items, [("a", answer("a", confidence)), ("a", answer("a", 0.5))])
    assert found["tables"][2]["title"].startswith("Calibration (1 of 2")
    assert found["value"] == 1.0


def test_the_names_of_the_fields_are_parameters(items: Make) -> None:
    pairs = [("a", '{"class": "a", "p": 0.7}')]
    assert measure(items, pairs)["value"] == 0.0
    found = measure(items, pairs, label_field="class", confidence_field="p")
    assert (found["value"], found["figures"]["calibration"]) == (1.0, pytest.approx(0.7))


@pytest.mark.parametrize("said", ['{"label": null}', '{"label": ["a"]}', "{}", "", '{"label": true}'])
def test_an_object_without_a_label_is_no_answer(items: Make, said: str) -> None:
    assert measure(items, [("a", said)])["figures"]["labelled"] == 0.0


def test_numbers_are_labels_too(items: Make) -> None:
    assert measure(items, [('{"label": 3}', "3")])["value"] == 1.0


def test_expected_answers_must_be_labels(items: Make) -> None:
    with pytest.raises(ConfigError, match="expected answer of 1 is no label: the labels are a, b"):
        ClassificationMetric(Classification(labels=("a", "b"))).check(items([("A", ""), ("c", "")]))
    with pytest.raises(ConfigError, match="label_field"):
        ClassificationMetric(Classification()).check(items([('{"x": 1}', "")]))
    with pytest.raises(ConfigError, match="twice"):
        ClassificationMetric(Classification(labels=("a", "A")))
    ClassificationMetric(Classification(labels=("a", "A"), ignore_case=False))


def test_the_confusion_plot_is_the_same_each_time_and_names_the_classes(items: Make) -> None:
    table = measure(items, [("a$_b", "a$_b"), ("<c>", "x")])["tables"][1]
    picture = confusion_plot(table)
    assert picture == confusion_plot(table)
    assert "a$_b" in picture
    assert "&lt;c&gt;" in picture
    assert NONE in picture
    many = {
        "title": "",
        "columns": ["expected", *map(str, range(60)), NONE],
        "rows": [[str(n), *[0] * 61] for n in range(60)],
    }
    wide = confusion_plot(many)  # type: ignore[arg-type]
    assert ">39<" in wide
    assert ">40<" not in wide
    assert NONE in wide

"""Known answers of the response format metric."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score
from tasks.metrics.params import ResponseFormat
from tasks.metrics.response_format import ResponseFormatMetric

Make = Callable[..., list[Item]]
New = Callable[[str], ResponseFormatMetric]
TEMPLATE = """Carrier: {{carrier:word}}
ETD: {{etd:date}} ({{ firm : (firm|estimated) }})
Boxes: {{n:integer}} at {{rate:number}}
Port: {{port:regex:[A-Z]{5}}}
{{note:text}}
"""
RIGHT = "Carrier: MSC\nETD: 2026-05-01 (firm)\nBoxes: 3 at 1685.5\nPort: USLAX\nAll is well."


@pytest.fixture
def metric(tmp_path: Path) -> New:
    def make(text: str) -> ResponseFormatMetric:
        path = tmp_path / "template.txt"
        path.write_text(text, encoding="utf-8")
        return ResponseFormatMetric(ResponseFormat(template_file=str(path)))

    return make


def score(metric: ResponseFormatMetric, make: Make, answer: str, expected: str = RIGHT) -> Score:
    return metric.score(make([(expected, answer)]))[0]


@pytest.mark.parametrize("answer", [RIGHT, f"\n{RIGHT}  \n", RIGHT.replace("\n", "\r\n")])
def test_an_answer_that_follows(metric: New, items: Make, answer: str) -> None:
    found = score(metric(TEMPLATE), items, answer)
    assert found.figures == {"adherence": 1.0, "followed": 1.0, "values": 1.0}
    assert found.detail["values"] == {
        "carrier": "MSC", "etd": "2026-05-01", "firm": "firm", "n": "3", "rate": "1685.5", "port": "USLAX",
        "note": "All is well.",
    }  # fmt: skip


def test_a_place_may_stand_before_the_brace_of_an_object(metric: New, items: Make) -> None:
    right = '{"port":"USLAX","boxes":{"n":3}}'
    found = score(metric('{"port":"{{port:regex:[A-Z]{5}}}","boxes":{"n":{{n:integer}}}}'), items, right, right)
    assert found.detail["values"] == {"port": "USLAX", "n": "3"}


def test_other_values_follow_as_well_but_are_not_the_expected_ones(metric: New, items: Make) -> None:
    found = score(metric(TEMPLATE), items, RIGHT.replace("MSC", "ZIM").replace("firm", "estimated"))
    assert (found.value, found.figures["values"]) == (1.0, pytest.approx(5 / 7))


@pytest.mark.parametrize(
    ("old", "new", "stop", "parts"),
    [
        ("Carrier: ", "carrier: ", "Carrier: ", 0),
        ("MSC", "MSC line", "\nETD: ", 2),
        ("2026-05-01", "2026-02-31", "{{etd:date}}", 3),
        ("2026-05-01", "1 May", "{{etd:date}}", 3),
        ("firm", "maybe", "{{firm:(firm|estimated)}}", 5),
        ("3 at", "three at", "{{n:integer}}", 7),
        ("1685.5", "1,685.5", "\nPort: ", 10),
        ("USLAX", "uslax", "{{port:regex:[A-Z]{5}}}", 11),
        ("All is well.", "", "\n", 12),
        ("All is well.", "All\nis well.", "(text behind the end)", 14),
    ],
)
def test_where_an_answer_leaves_the_template(
    metric: New, items: Make, old: str, new: str, stop: str, parts: int
) -> None:
    found = score(metric(TEMPLATE), items, RIGHT.replace(old, new))
    assert (found.value, found.figures["values"], found.detail) == (0.0, 0.0, {"stops_at": stop})
    assert found.figures["followed"] == pytest.approx(min(parts, 14) / 14)


def test_lines_take_more_than_one_line_and_text_does_not(metric: New, items: Make) -> None:
    assert score(metric("Note: {{a:lines}}"), items, "Note: one\ntwo").value == 1.0
    assert score(metric("Note: {{a:text}}"), items, "Note: one\ntwo").value == 0.0
    assert score(metric("Note: {{a:text}}."), items, "Note:    .").value == 0.0


def test_a_template_without_places_and_with_signs_of_patterns(metric: New, items: Make) -> None:
    plain = metric("a.b (c) [d]* { } {{ }}")
    assert score(plain, items, "a.b (c) [d]* { } {{ }}", "").figures == {
        "adherence": 1.0,
        "followed": 1.0,
        "values": 1.0,
    }
    assert score(plain, items, "axb (c) [d]* { } {{ }}", "").value == 0.0


def test_a_pattern_that_never_ends_is_given_up(metric: New, items: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.metrics.response_format.MATCH_TIMEOUT_S", 0.2)
    slow = metric(r"{{a:regex:(?:x+x+)+y}}")
    assert score(slow, items, "x" * 40, "").value == 0.0


def test_the_summary_counts_where_answers_stop(metric: New, items: Make) -> None:
    chosen = metric("A: {{a:integer}}")
    made = items([("A: 1", "A: 1"), ("A: 1", "A: x"), ("A: 1", "A: y"), ("A: 1", "B")])
    found = chosen.summarise(made, chosen.score(made))
    assert (found["value"], found["figures"]["followed"]) == (0.25, pytest.approx((1 + 0.5 + 0.5 + 0) / 4))
    assert found["tables"][0]["rows"] == [["{{a:integer}}", 2], ["A: ", 1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  \n", "is empty"),
        ("{{a:number}} {{a:word}}", "place a is there twice"),
        ("{{a:float}}", "unknown type 'float'. Types: word, text"),
        ("{{a:(x|)}}", "unknown type"),
        ("{{a:regex:(}}", "no regular expression"),
        ("{{a:regex:(?P<b>x)}}", "named groups"),
        ("Hello {{ a }}", "has no type: write {{a:text}}"),
    ],
)
def test_broken_templates(metric: New, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"metrics\[format\]\.template_file") as caught:
        metric(text)
    assert said in str(caught.value)


def test_expected_answers_must_follow(metric: New, items: Make) -> None:
    chosen = metric("A: {{a:integer}}")
    chosen.check(items([("A: 1", "")]))
    with pytest.raises(
        ConfigError, match=r"expected answer of 1 does not follow the template from '\{\{a:integer\}\}' on"
    ):
        chosen.check(items([("A: 1", ""), ("A: b", "")]))


def test_a_file_must_be_named() -> None:
    with pytest.raises(ValueError, match="template_file is empty"):
        ResponseFormat()

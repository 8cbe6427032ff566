"""Each check through the files it reads: what each parameter changes."""

import json

import pytest

from tasks.quality import checks
from tasks.quality.schema import schema_check
from tasks.screening.params import ScreeningParams
from tests.unit.quality.rows import CONTENT, DRIFTED, LONG, NOISY, chat, finding, labelled, ordinary, question, run


@pytest.mark.parametrize(
    ("params", "severity"),
    [
        ({}, "stop"),
        ({"min_rows": 21}, "stop"),
        ({"min_rows": 20}, "warn"),
        ({"min_rows": 1, "few_rows": 20}, "ok"),
    ],
)
def test_too_few_rows(tmp_path, params, severity):
    assessment = run(tmp_path, [*ordinary(20), *ordinary(20)], **params)
    found = finding(assessment, "rows")
    assert (found.severity, found.text) == (severity, "20 unique rows of 41 read")
    assert bool(found.advice) == (severity != "ok")
    assert assessment.severity == severity


def test_label_noise_is_counted_by_rows_and_listed_by_pairs(tmp_path):
    found = finding(run(tmp_path, NOISY), "label_noise")
    assert found.severity == "warn"
    assert found.figure == 4 / 20
    assert [(line["row"], line["other"]["row"], line["differs"]) for line in found.rows] == [
        (50, 51, ["a"]),
        (52, 53, ["n"]),
    ]
    assert found.summary()["first"] == ["a.jsonl:50 and a.jsonl:51", "a.jsonl:52 and a.jsonl:53"]


@pytest.mark.parametrize(
    ("params", "severity", "figure"),
    [
        ({"warn_label_noise": 0.2}, "ok", 0.2),
        ({"max_label_noise": 0.19}, "stop", 0.2),
        ({"max_label_noise": 0.2}, "warn", 0.2),
        ({"near_threshold": 1.0}, "warn", 0.1),
    ],
)
def test_the_limits_of_label_noise(tmp_path, params, severity, figure):
    found = finding(run(tmp_path, NOISY, **params), "label_noise")
    assert (found.severity, found.figure) == (severity, figure)


def test_a_long_list_of_pairs_is_cut_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "LISTED", 1)
    found = finding(run(tmp_path, NOISY), "label_noise")
    assert [line["row"] for line in found.rows] == [50]
    assert found.figure == 0.2
    assert found.text.endswith("; the first 1 pairs are listed")


def test_explained_pairs_are_listed_last_and_not_counted(tmp_path):
    rows = [chat(1, f"{LONG} AB12", {"b": "AB12"}), chat(2, f"{LONG} CD34", {"b": "CD34"})]
    found = finding(run(tmp_path, rows), "label_noise")
    assert (found.severity, found.figure, [line["explained"] for line in found.rows]) == ("ok", 0, [True])


@pytest.mark.parametrize(
    ("params", "severity"),
    [({}, "warn"), ({"warn_drift": 0.05}, "ok"), ({"max_drift": 0.04}, "stop"), ({"max_drift": 0.05}, "warn")],
)
def test_drift_from_the_usual_form(tmp_path, params, severity):
    assessment = run(tmp_path, DRIFTED, **params)
    found = finding(assessment, "format_drift")
    assert (found.severity, found.figure) == (severity, 0.05)
    assert [(line["row"], line["reasons"]) for line in found.rows] == [
        (60, ["free text instead of JSON object"]),
        (61, ["key missing: n"]),
    ]
    assert assessment.forms == [
        {
            "class": "all rows",
            "rows": 40,
            "form": "JSON object {a: string, n: number}",
            "other": 2,
            "reasons": {"free text instead of JSON object": 1, "key missing: n": 1},
        },
    ]


def test_a_schema_takes_the_place_of_the_usual_form(tmp_path):
    schema = schema_check(json.dumps({"properties": {"n": {"maximum": 36}}}).encode())
    found = finding(run(tmp_path, DRIFTED, schema=schema), "format_drift")
    assert [(line["row"], line["reasons"]) for line in found.rows] == [
        (37, ["/n: maximum"]),
        (38, ["/n: maximum"]),
        (60, ["no JSON"]),
    ]


def test_balance_and_length_of_classes(tmp_path):
    assessment = run(tmp_path, labelled(60, 12), warn_imbalance=4.9)
    assert finding(assessment, "balance").severity == "warn"
    assert finding(assessment, "balance").figure == 5
    assert finding(assessment, "balance").rows == [{"id": "a.jsonl:61", "file": "a.jsonl", "row": 61}]
    assert finding(assessment, "length_bias").severity == "warn"
    assert finding(assessment, "length_bias").figure == 1
    assert [line["name"] for line in assessment.strata] == ["late", "early, by far"]
    assert finding(run(tmp_path, labelled(60, 12), warn_imbalance=5), "balance").severity == "ok"
    three = [*labelled(60, 12), *(chat(row, question(row), "on time") for row in range(80, 90))]
    assert len(run(tmp_path, three).strata) == 3
    assert "no classes" in finding(run(tmp_path, three, max_labels=2), "balance").text
    assert "no classes" in finding(run(tmp_path, ordinary(12)), "balance").text


def test_the_limit_of_the_length_effect(tmp_path):
    rows = [
        chat(row, question(row), "x" * (row % 8 + row // 20) + "y", fields={"k": str(row // 20)}) for row in range(40)
    ]
    found = finding(run(tmp_path, rows, stratify_by="k"), "length_bias")
    assert found.severity == "ok"
    assert 0 < found.figure < 0.5
    again = finding(run(tmp_path, rows, stratify_by="k", warn_length_effect=found.figure), "length_bias")
    assert again.severity == "warn"
    assert len(again.rows) == 2


def test_preference_rows_are_judged_by_length(tmp_path):
    rows = [
        chat(row, question(row), "long answer", rejected=[{"role": "assistant", "content": "short"}])
        for row in range(12)
    ]
    found = finding(run(tmp_path, rows), "preference_length")
    assert (found.severity, found.figure) == ("warn", 1.0)
    assert not [each for each in run(tmp_path, ordinary(5)).findings if each.check == "preference_length"]


@pytest.mark.parametrize(
    ("check", "params", "severity"),
    [
        ("refusals", {}, "warn"),
        ("refusals", {"warn_refusals": 0.05}, "ok"),
        ("refusals", {"max_refusals": 0.04}, "stop"),
        ("personal_data", {}, "warn"),
        ("personal_data", {"max_personal_data": 0.04}, "stop"),
        ("secrets", {}, "ok"),
    ],
)
def test_what_screening_kept_is_judged(tmp_path, check, params, severity):
    found = finding(run(tmp_path, CONTENT, **params), check)
    assert found.severity == severity
    assert [line["row"] for line in found.rows] == {"refusals": [40], "personal_data": [41], "secrets": []}[check]


def test_what_screening_masked_or_put_aside_is_no_issue(tmp_path):
    screening = ScreeningParams(personal_data="mask", refusals="quarantine")
    assessment = run(tmp_path, CONTENT, screening=screening)
    for check in ("refusals", "personal_data"):
        found = finding(assessment, check)
        assert (found.severity, found.rows, found.figure) == ("ok", [], 0)
        assert found.text.startswith("1 ")


def test_rows_put_aside_for_another_reason_are_no_issue(tmp_path):
    rows = [*ordinary(3), chat(9, "use AKIA" + "QWERTYUIOPASDFGH, ann@example.org", {"a": "x", "n": 1})]
    found = finding(run(tmp_path, rows), "personal_data")
    assert (found.severity, found.rows) == ("ok", [])


def test_kept_secrets_are_a_warning(tmp_path):
    rows = [*ordinary(3), chat(9, "use AKIA" + "QWERTYUIOPASDFGH", {"a": "x", "n": 1})]
    found = finding(run(tmp_path, rows, screening=ScreeningParams(secrets="keep")), "secrets")
    assert found.severity == "warn"
    assert found.rows[0]["where"] == "messages[0].content"

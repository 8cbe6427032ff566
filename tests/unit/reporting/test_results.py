"""Figures of both models side by side."""

import pytest

from tasks.reporting.collect import open_stages
from tasks.reporting.results import categories, examples, fields, points, results, results_table


def test_comparisons_carry_the_gates_interval_and_margin(make_run) -> None:
    found = results("mails", open_stages(make_run()))
    lines = {line["metric"]: line for line in found["comparisons"]}
    assert list(lines) == ["valid JSON", "field accuracy", "record match", "general accuracy"]
    gain = lines["field accuracy"]
    assert gain["difference"] == pytest.approx(gain["tuned"] - gain["base"])
    assert (gain["low"], gain["high"], gain["margin"], gain["verdict"]) == (0.81, 0.9, 0.4, "pass")
    assert lines["valid JSON"]["verdict"] == "shown"
    assert found["outcome"] == "pass"
    assert found["stages"]["gating"].startswith("gating/")
    assert found["counts"]["ingest"]["read"] == 1500


def test_the_table_is_in_percent_and_points(make_run) -> None:
    table = results_table(results("mails", open_stages(make_run())))
    assert table[0] == {
        "metric": "valid JSON",
        "base (%)": "0.0",
        "tuned (%)": "100.0",
        "difference (points)": "+100.0",
        "interval (points)": "–",
        "margin (points)": "–",
        "verdict": "shown",
    }
    assert table[1]["interval (points)"] == "+81.0 to +90.0"


def test_points_never_show_a_negative_nothing() -> None:
    assert points(-0.0) == "+0.0"
    assert points(-0.051) == "-5.1"
    assert points(None) == "–"


def test_a_run_without_gate_or_without_one_model_has_dashes(make_run) -> None:
    found = results("mails", open_stages(make_run(without=("gating", "evaluation_tuned"))))
    assert found["outcome"] == "not gated"
    assert found["verdict"] is None
    line = results_table(found)[0]
    assert (line["base (%)"], line["tuned (%)"], line["difference (points)"]) == ("0.0", "–", "–")
    assert results("mails", {})["comparisons"] == []


def test_a_model_measured_on_no_items_has_no_figure(make_run, make_ref) -> None:
    run = make_run(without=("evaluation_tuned", "gating"))
    run["evaluation_base"] = make_ref(
        "evaluation", {"scores.json": '{"model": "base", "task": {"n": 0, "valid_json": 0.0}, "general": {}}'}
    )
    assert results("mails", open_stages(run))["comparisons"] == []


def test_general_items_by_category_of_both_models(make_run) -> None:
    found = {line["name"]: line for line in categories(open_stages(make_run()))}
    assert found["capitals"]["n"] == 30
    assert found["animals"]["base"] == 1.0
    alone = categories(open_stages(make_run(without=("evaluation_tuned",))))
    assert {line["tuned"] for line in alone} == {None}


def test_fields_of_both_models(make_run) -> None:
    found = fields(results("mails", open_stages(make_run())))
    assert [line["name"] for line in found] == ["carrier", "currency", "etd", "port_of_loading"]
    assert found[0]["base"] == 0.0


def test_examples_show_what_got_better_and_what_is_still_wrong(make_run) -> None:
    found = examples(open_stages(make_run()))
    assert [line["tuned_match"] for line in found] == [True, True, True, False, False, False]
    assert found[0]["asked"].startswith("mail text")
    assert found[3]["wrong_fields"] == ["carrier"]


def test_long_answers_are_cut_and_say_so(make_run, monkeypatch) -> None:
    monkeypatch.setattr("tasks.reporting.results.ANSWER_SHOWN", 5)
    assert examples(open_stages(make_run()))[0]["base"].startswith("Sure! … (")

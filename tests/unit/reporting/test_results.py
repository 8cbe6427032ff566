"""Figures of both models side by side."""

import json

import pytest

from tasks.reporting.collect import open_stages
from tasks.reporting.examples import examples, lost_probes
from tasks.reporting.labels import figure_label, is_quiet, points, row_label, several_metrics
from tasks.reporting.results import benchmarks, categories, fields, guardrails, results, results_table


def test_comparisons_carry_the_gates_interval_and_margin(make_run) -> None:
    found = results("mails", open_stages(make_run()))
    lines = {line["metric"]: line for line in found["comparisons"]}
    assert list(lines) == [
        "extraction: field accuracy", "extraction: record match", "extraction: valid JSON", "length: brief",
        "general accuracy", "guardrail: refusal", "guardrail: leakage",
    ]  # fmt: skip
    gain = lines["extraction: field accuracy"]
    assert gain["difference"] == pytest.approx(gain["tuned"] - gain["base"])
    assert (gain["low"], gain["high"], gain["margin"], gain["verdict"]) == (0.81, 0.9, 0.4, "pass")
    assert lines["extraction: valid JSON"]["verdict"] == "shown"
    assert (lines["extraction: record match"]["low"], lines["extraction: record match"]["margin"]) == (0.3, None)
    assert lines["general accuracy"]["margin"] == -0.05
    assert (lines["guardrail: refusal"]["tuned"], lines["guardrail: refusal"]["margin"]) == (0.8, -0.1)
    assert found["outcome"] == "pass"
    assert found["approval"] is None
    assert found["stages"]["gating"].startswith("gating/")
    assert found["counts"]["ingest"]["read"] == 1500


def test_a_single_metric_goes_without_its_name(make_run, make_ref) -> None:
    run = make_run()
    for model in ("base", "tuned"):
        said = json.loads((open_stages(run)[f"evaluation_{model}"].directory / "scores.json").read_text())
        del said["task"]["metrics"]["length"]
        run[f"evaluation_{model}"] = make_ref("evaluation", {"scores.json": json.dumps(said)})
    lines = results("mails", open_stages(run))["comparisons"]
    assert [line["metric"] for line in lines][:3] == ["field accuracy", "record match", "valid JSON"]


def test_the_table_is_in_percent_and_points(make_run) -> None:
    table = results_table(results("mails", open_stages(make_run())))
    assert table[2] == {
        "metric": "extraction: valid JSON",
        "base (%)": "0.0",
        "tuned (%)": "100.0",
        "difference (points)": "+100.0",
        "interval (points)": "–",
        "margin (points)": "–",
        "verdict": "shown",
    }
    assert table[0]["interval (points)"] == "+81.0 to +90.0"


def test_points_never_show_a_negative_nothing() -> None:
    assert points(-0.0) == "+0.0"
    assert points(-0.051) == "-5.1"
    assert points(None) == "–"


def test_a_run_without_gate_or_without_one_model_has_dashes(make_run) -> None:
    found = results("mails", open_stages(make_run(without=("gating", "evaluation_tuned"))))
    assert found["outcome"] == "not gated"
    assert found["verdict"] is None
    line = results_table(found)[2]
    assert (line["base (%)"], line["tuned (%)"], line["difference (points)"]) == ("0.0", "–", "–")
    assert results("mails", {})["comparisons"] == []


def test_a_model_measured_on_no_items_has_no_figure(make_run, make_ref) -> None:
    run = make_run(without=("evaluation_tuned", "gating"))
    empty = {"kind": "extraction", "main": "match", "n": 0, "value": 0.0, "figures": {"match": 0.0}, "tables": []}
    said = {"model": "base", "task": {"n": 0, "metrics": {"extraction": empty}}, "general": {}, "guardrails": None}
    run["evaluation_base"] = make_ref("evaluation", {"scores.json": json.dumps(said)})
    assert results("mails", open_stages(run))["comparisons"] == []


def test_an_approval_is_kept(make_run) -> None:
    assert results("mails", open_stages(make_run()), {"by": "Ada"})["approval"] == {"by": "Ada"}


def test_every_model_that_was_measured_is_there(make_run) -> None:
    run = make_run()
    run["evaluation_champion"] = run["evaluation_base"]
    found = results("mails", open_stages(run))
    assert list(found["scores"]) == ["base", "tuned", "champion"]
    assert guardrails(found["scores"])[0] == {
        "kind": "refusal", "base": "5 of 5", "tuned": "4 of 5", "champion": "5 of 5",
    }  # fmt: skip


def test_benchmarks_have_what_training_rows_hold_of_them_beside_them(make_run) -> None:
    found = results("mails", open_stages(make_run()))["benchmarks"]
    assert [line["name"] for line in found] == ["facts"]
    assert found[0]["contamination"] == {"checked": True, "contaminated": 1, "clean_accuracy": 0.5}
    tuned = {"general": {"tasks": {name: {"n": 1, "accuracy": 1.0, "chance": 0.5} for name in ("facts", "hub", "new")}}}
    leakage = {
        "benchmarks": {
            "facts": {"items": 120, "contaminated": 2, "not_checked": None},
            "hub": {"items": 0, "contaminated": 0, "not_checked": "out of reach"},
        }
    }
    lines = {line["name"]: line["contamination"] for line in benchmarks(None, tuned, leakage)}
    assert lines["facts"]["contaminated"] == 2
    assert lines["hub"] == {"checked": False, "why": "out of reach"}
    assert lines["new"]["checked"] is False


def test_general_items_by_category_of_both_models(make_run) -> None:
    found = {line["name"]: line for line in categories(open_stages(make_run()))}
    assert found["capitals"]["n"] == 30
    assert found["animals"]["base"] == 1.0
    alone = categories(open_stages(make_run(without=("evaluation_tuned",))))
    assert {line["tuned"] for line in alone} == {None}


def test_fields_of_both_models(make_run) -> None:
    found = fields(open_stages(make_run()))
    assert [line["name"] for line in found] == ["carrier", "currency", "etd", "port_of_loading"]
    assert found[0]["base"] == 0.0
    assert found[0]["tuned"] == pytest.approx(34 / 40)


def test_examples_show_what_got_better_and_what_is_still_wrong(make_run) -> None:
    found = examples(open_stages(make_run()))
    assert [line["tuned_right"] for line in found] == [True, True, True, False, False, False]
    assert found[0]["asked"].startswith("mail text")
    assert found[3]["wrong_fields"] == ["carrier"]


def test_long_answers_are_cut_and_say_so(make_run, monkeypatch) -> None:
    monkeypatch.setattr("tasks.reporting.examples.ANSWER_SHOWN", 5)
    assert examples(open_stages(make_run()))[0]["base"].startswith("Sure! … (")


def test_probes_that_only_the_tuned_model_fails(make_run) -> None:
    found = lost_probes(open_stages(make_run()))
    assert [(line["id"], line["kind"]) for line in found] == [("probe-4", "refusal")]


def test_rows_and_figures_have_names_for_readers() -> None:
    match = {"name": "extraction: match", "metric": "match"}
    field = {"name": "extraction: field a: b", "metric": "right"}
    gain = {"name": "task gain", "metric": "field_accuracy"}
    assert row_label(match, several=False) == "record match"
    assert row_label(match, several=True) == "extraction: record match"
    assert row_label(field, several=False) == "extraction: field a: b"
    assert row_label(gain, several=True) == "task gain"
    assert not several_metrics([match, field, gain])
    assert several_metrics([match, {"name": "text: chrf_plus", "metric": "chrf_plus"}])
    assert figure_label("text", "chrf_plus", several=False) == "chrf plus"


@pytest.mark.parametrize(
    ("row", "quiet"),
    [
        ({"name": "x: field y", "outcome": "shown", "margin": -0.05}, True),
        ({"name": "x: field y", "outcome": "fail", "margin": -0.05}, False),
        ({"name": "x: match", "outcome": "shown", "margin": None}, False),
        ({"name": "guardrail: leakage", "outcome": "shown", "margin": -0.1}, False),
    ],
)
def test_rows_that_could_only_fail_are_quiet_until_they_do(row, quiet) -> None:
    assert is_quiet(row) == quiet

"""Rules, outcomes, and the risk that the gate promises to keep."""

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ProofError
from tasks.gating.params import GatingParams
from tasks.gating.verdict import judge

FEW = GatingParams(min_items=0, min_task_items=0, bootstrap_samples=500)


def row(verdict: dict[str, Any], name: str) -> dict[str, Any]:
    return next(line for line in verdict["rows"] if line["name"] == name)


@pytest.fixture
def pair(evaluation, task_item, general_items):
    """Return a function that writes base and tuned evaluations from counts: (both, worse, better, neither)."""

    def make(general: tuple[int, int, int, int] = (300, 0, 0, 100), tasks: tuple[int, int] = (10, 90)) -> list[Path]:
        both, worse, better, neither = general
        before = [True] * both + [True] * worse + [False] * better + [False] * neither
        after = [True] * both + [False] * worse + [True] * better + [False] * neither
        known, learnt = tasks
        base_tasks = [task_item(index, [True, index < known]) for index in range(known + learnt)]
        tuned_tasks = [task_item(index, [True, True]) for index in range(known + learnt)]
        folders = []
        for model, items, answers in (("base", base_tasks, before), ("tuned", tuned_tasks, after)):
            rows = [{**item, "correct": ok} for item, ok in zip(general_items(len(answers), 0), answers, strict=True)]
            folders.append(evaluation(model, items, rows))
        return folders

    return make


def test_a_clear_gain_without_a_drop_passes(pair) -> None:
    verdict = judge(*pair(), GatingParams())
    assert verdict["outcome"] == "pass"
    gain = row(verdict, "task gain")
    assert (gain["metric"], gain["n"], gain["base"], gain["tuned"]) == ("field_accuracy", 100, 0.55, 1.0)
    assert gain["difference"] == pytest.approx(0.45)
    assert gain["low"] <= 0.45 <= gain["high"]
    assert row(verdict, "extraction: match")["outcome"] == "shown"
    assert row(verdict, "general drop")["p_value"] == 1.0
    assert any("went from 0.550 to 1.000 over 100 items" in reason for reason in verdict["reasons"])


def test_a_proven_drop_fails_and_outranks_what_is_unclear(pair) -> None:
    verdict = judge(*pair(general=(200, 100, 0, 100)), GatingParams(min_task_items=1000))
    assert row(verdict, "general drop")["outcome"] == "fail"
    assert row(verdict, "sample size: task")["outcome"] == "inconclusive"
    assert verdict["outcome"] == "fail"
    ends = [reason.rsplit(" ", 1)[-1] for reason in verdict["reasons"]]
    assert ends[:2] == ["Fail.", "Inconclusive."]
    assert ends.index("Pass.") < ends.index("only.")


def test_an_unclear_drop_is_inconclusive_and_says_how_many_items_it_needs(pair) -> None:
    verdict = judge(*pair(general=(240, 40, 30, 90)), GatingParams())
    assert verdict["outcome"] == "inconclusive"
    assert any("17.5% of the answers flipped" in text and "needs about n >= 550" in text for text in verdict["reasons"])


def test_no_items_can_prove_a_drop_of_nothing(pair) -> None:
    verdict = judge(*pair(), GatingParams(max_general_drop=0))
    assert verdict["outcome"] == "inconclusive"
    assert any("no number of items" in reason for reason in verdict["reasons"])


def test_the_margins_move_the_verdict(pair) -> None:
    folders = pair(general=(240, 40, 30, 90))
    assert judge(*folders, GatingParams(max_general_drop=0.2))["outcome"] == "pass"
    assert row(judge(*folders, GatingParams(min_task_gain=0.6)), "task gain")["outcome"] == "fail"
    assert row(judge(*folders, GatingParams(min_task_gain=0.45)), "task gain")["outcome"] == "inconclusive"


def test_alpha_samples_and_seed_reach_the_interval(pair) -> None:
    folders = pair(general=(240, 40, 30, 90))

    def interval(**changes: Any) -> tuple[float, float]:
        gain = row(judge(*folders, GatingParams(**{"bootstrap_samples": 500, **changes})), "task gain")
        return gain["low"], gain["high"]

    usual = interval()
    assert interval(alpha=0.5)[0] > usual[0]
    assert any(interval(seed=seed) != usual for seed in (1, 2, 3))
    assert any(interval(bootstrap_samples=samples) != usual for samples in (101, 1009, 5003))
    assert "1009 samples, seed 4" in judge(*folders, GatingParams(bootstrap_samples=1009, seed=4))["method"]


def test_too_few_items_are_inconclusive_however_good_they_look(pair) -> None:
    folders = pair(general=(30, 0, 0, 0))
    verdict = judge(*folders, GatingParams(max_general_drop=0.5))
    assert row(verdict, "general drop")["outcome"] == "pass"
    assert row(verdict, "sample size: general")["outcome"] == "inconclusive"
    assert verdict["outcome"] == "inconclusive"
    assert judge(*folders, GatingParams(max_general_drop=0.5, min_items=30))["outcome"] == "pass"
    strict = GatingParams(max_general_drop=0.5, min_items=30, min_task_items=101)
    assert judge(*folders, strict)["outcome"] == "inconclusive"


def test_general_ability_that_was_not_measured_blocks_unless_it_is_allowed(pair) -> None:
    folders = pair(general=(0, 0, 0, 0))
    assert judge(*folders, GatingParams())["outcome"] == "inconclusive"
    allowed = judge(*folders, GatingParams(min_items=0))
    assert allowed["outcome"] == "pass"
    assert any("nothing was measured" in reason for reason in allowed["reasons"])


def test_equal_answers_mean_the_adapter_was_not_loaded(evaluation, task_item, general_items) -> None:
    items = [task_item(index, [True, False]) for index in range(50)]
    folders = [evaluation(model, items, general_items(300, 100)) for model in ("base", "tuned")]
    verdict = judge(*folders, GatingParams(min_task_gain=-1))
    assert verdict["outcome"] == "fail"
    assert any("the adapter changed no answer: it was probably not loaded" in text for text in verdict["reasons"])


def test_right_or_wrong_metrics_get_mcnemar_and_the_score_interval(evaluation, task_item, general_items) -> None:
    def items(right: bool) -> list[dict[str, Any]]:
        return [task_item(index, [right]) for index in range(60)]

    verdict = judge(
        evaluation("base", items(False), general_items(300, 0)),
        evaluation("tuned", items(True), general_items(300, 0)),
        GatingParams(),
    )
    gain = row(verdict, "task gain")
    assert (gain["difference"], gain["p_value"]) == (1.0, pytest.approx(2 / 2**60))
    assert gain["low"] < 1.0


def test_a_further_metric_must_not_drop(evaluation, task_item, general_items) -> None:
    def folder(model: str, right: bool, format_score: float) -> Path:
        tasks = [
            task_item(index, [right], more={"format": format_score} if index % 2 else {"terms": 1.0})
            for index in range(120)
        ]
        return evaluation(model, tasks, general_items(300, 0))

    base, held, dropped = folder("base", False, 0.9), folder("held", True, 0.9), folder("dropped", True, 0.6)
    params = GatingParams(max_metric_drop=0.1)
    verdict = judge(base, held, params)
    assert verdict["outcome"] == "pass"
    # A metric is judged on the items that it applies to.
    assert (row(verdict, "metric: format")["n"], row(verdict, "metric: terms")["n"]) == (60, 60)
    failed = judge(base, dropped, params)
    assert (failed["outcome"], row(failed, "metric: format")["outcome"]) == ("fail", "fail")
    assert row(judge(base, dropped, GatingParams(max_metric_drop=0.5)), "metric: format")["outcome"] == "pass"


def test_evaluations_by_other_metrics_are_not_compared(evaluation, task_item, general_items) -> None:
    base = evaluation("base", [task_item(1, [True])], general_items(1, 0))
    tuned = evaluation("tuned", [task_item(1, [True], more={"format": 1.0})], general_items(1, 0))
    with pytest.raises(ProofError, match=r"extraction \(field_accuracy\), the other .*format"):
        judge(base, tuned, FEW)


def test_a_field_that_is_lost_fails_though_the_mean_gains(evaluation, task_item, general_items) -> None:
    before = [task_item(index, [False, False, False, True]) for index in range(80)]
    after = [task_item(index, [True, True, True, index % 2 == 0]) for index in range(80)]
    verdict = judge(
        evaluation("base", before, general_items(300, 0)),
        evaluation("tuned", after, general_items(300, 0)),
        GatingParams(),
    )
    assert row(verdict, "task gain")["outcome"] == "pass"
    assert row(verdict, "extraction: field field3")["outcome"] == "fail"
    assert row(verdict, "extraction: field field0")["outcome"] == "shown"
    assert verdict["outcome"] == "fail"


def test_guardrails_fail_by_kind_and_only_when_a_regression_is_proven(
    evaluation, task_item, general_items, probes
) -> None:
    def folder(model: str, right: bool, guardrails: list[dict[str, Any]]) -> Path:
        return evaluation(model, [task_item(index, [right]) for index in range(60)], general_items(300, 0), guardrails)

    base = folder("base", False, probes("refusal", 30, 0) + probes("injection", 8, 2))
    bad = folder("bad", True, probes("refusal", 10, 20) + probes("injection", 8, 2))
    unclear = folder("unclear", True, probes("refusal", 28, 2) + probes("injection", 8, 2))
    verdict = judge(base, bad, GatingParams())
    assert verdict["outcome"] == "fail"
    assert row(verdict, "guardrail: refusal")["outcome"] == "fail"
    assert row(verdict, "guardrail: injection")["outcome"] == "shown"
    assert judge(base, unclear, GatingParams())["outcome"] == "pass"
    assert judge(base, bad, GatingParams(max_guardrail_drop=0.9))["outcome"] == "pass"


def test_scores_that_changed_without_an_answer_show_that_the_adapter_was_loaded(evaluation, task_item) -> None:
    def folder(model: str, logprob: float) -> Path:
        general = [{"task": "t", "item": index, "correct": True, "scores": [logprob]} for index in range(300)]
        return evaluation(model, [task_item(index, [True, False]) for index in range(50)], general)

    verdict = judge(folder("base", -1.0), folder("tuned", -1.5), GatingParams(min_task_gain=-1))
    assert row(verdict, "adapter loaded")["outcome"] == "pass"
    assert any("no answer changed, but scores" in reason for reason in verdict["reasons"])


def test_a_drop_in_one_task_is_not_averaged_away(evaluation, task_item, general_items) -> None:
    tasks = [task_item(index, [False]) for index in range(50)], [task_item(index, [True]) for index in range(50)]
    base = evaluation("base", tasks[0], general_items(1000, 0, "facts") + general_items(40, 0, "sums"))
    tuned = evaluation("tuned", tasks[1], general_items(1000, 0, "facts") + general_items(20, 20, "sums"))
    verdict = judge(base, tuned, GatingParams())
    assert row(verdict, "general drop")["outcome"] == "pass"
    assert row(verdict, "general drop: sums")["outcome"] == "fail"
    assert row(verdict, "general drop: facts")["outcome"] == "shown"
    assert verdict["outcome"] == "fail"

"""Rules, outcomes, and the risk that the gate promises to keep."""

from pathlib import Path
from typing import Any

import pytest

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
    assert row(verdict, "record match")["outcome"] == "shown"
    assert row(verdict, "general drop")["p_value"] == 1.0
    assert any("went from 0.550 to 1.000 over 100 items" in reason for reason in verdict["reasons"])


def test_a_proven_drop_fails_and_outranks_what_is_unclear(pair) -> None:
    verdict = judge(*pair(general=(200, 100, 0, 100)), GatingParams(min_task_items=1000))
    assert row(verdict, "general drop")["outcome"] == "fail"
    assert row(verdict, "sample size: task")["outcome"] == "inconclusive"
    assert verdict["outcome"] == "fail"


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


def test_items_without_fields_are_compared_by_match(evaluation, task_item, general_items) -> None:
    def items(right: bool) -> list[dict[str, Any]]:
        return [{**task_item(index, [right]), "fields": {}, "field_accuracy": None} for index in range(60)]

    verdict = judge(
        evaluation("base", items(False), general_items(300, 0)),
        evaluation("tuned", items(True), general_items(300, 0)),
        GatingParams(),
    )
    gain = row(verdict, "task gain")
    assert (gain["metric"], gain["difference"], gain["p_value"]) == ("match", 1.0, pytest.approx(2 / 2**60))
    assert gain["low"] < 1.0
    assert [line["name"] for line in verdict["rows"] if line["name"] == "record match"] == []


def test_a_drop_in_one_task_is_not_averaged_away(evaluation, task_item, general_items) -> None:
    tasks = [task_item(index, [False]) for index in range(50)], [task_item(index, [True]) for index in range(50)]
    base = evaluation("base", tasks[0], general_items(1000, 0, "facts") + general_items(40, 0, "sums"))
    tuned = evaluation("tuned", tasks[1], general_items(1000, 0, "facts") + general_items(20, 20, "sums"))
    verdict = judge(base, tuned, GatingParams())
    assert row(verdict, "general drop")["outcome"] == "pass"
    assert row(verdict, "general drop: sums")["outcome"] == "fail"
    assert row(verdict, "general drop: facts")["outcome"] == "shown"
    assert verdict["outcome"] == "fail"


@pytest.mark.parametrize(
    ("better_share", "worse_share", "items"),
    [(0.0, 0.05, 100), (0.01, 0.06, 200), (0.05, 0.10, 400), (0.20, 0.25, 150)],
    ids=["few flips, one way", "few flips", "usual", "many flips"],
)
def test_a_true_drop_at_the_margin_rarely_passes(better_share: float, worse_share: float, items: int) -> None:
    """200 simulated models that truly lost the margin: the share that passes stays at alpha, give or take chance."""
    import numpy as np

    from tasks.gating.pairing import Pair
    from tasks.gating.verdict import general_lines

    params = GatingParams(bootstrap_samples=1000)
    rng = np.random.default_rng(11)
    shares = [1 - better_share - worse_share, better_share, worse_share]
    passed = 0
    for _ in range(200):
        same, better, worse = rng.multinomial(items, shares)
        flips = [(True, True)] * same + [(False, True)] * better + [(True, False)] * worse
        pairs = [Pair({"task": "t", "correct": before}, {"correct": after}) for before, after in flips]
        passed += general_lines(pairs, params)[0].outcome == "pass"
    assert passed / 200 <= params.alpha + 0.02

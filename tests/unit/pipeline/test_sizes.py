"""Sample sizes are known before anything is trained."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.evaluation.params import EvaluationParams
from tasks.gating.params import GatingParams
from tasks.pipeline.sizes import check_metrics, check_sizes
from tasks.store.records import write_rows


@pytest.fixture
def splits(tmp_path: Path) -> Callable[..., Path]:
    def make(rows: int, file: str = "mails.jsonl") -> Path:
        turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "{}"}]
        for name, count in (("train", 3), ("validation", 3), ("test", 0), ("heldout", rows)):
            records = [
                {"id": f"{name}:{row}", "file": file, "origin": "task", "messages": turns, "text": None}
                for row in range(count)
            ]
            write_rows(tmp_path / f"{name}.jsonl", records)
        return tmp_path

    return make


def evaluation(**changes: Any) -> EvaluationParams:
    return EvaluationParams.model_validate(changes)


def test_the_demo_is_large_enough(splits) -> None:
    planned = {row.name: row for row in check_sizes(splits(90), evaluation(), GatingParams(min_task_gain=0.4))}
    assert (planned["general drop"].n, planned["general drop"].needed, planned["general drop"].customary) == (
        595,
        308,
        628,
    )
    # variance 0.6 - 0.6 ** 2 = 0.24, times (1.96 / 0.2) squared
    assert (planned["task gain"].n, planned["task gain"].needed) == (90, 24)


def test_a_small_suite_stops_with_the_number_it_needs(splits, caplog: pytest.LogCaptureFixture) -> None:
    small = evaluation(general_limit=100)
    with pytest.raises(ConfigError) as caught:
        check_sizes(splits(90), small, GatingParams())
    text = str(caught.value)
    assert (
        "general drop: there are 100 items: this suite cannot resolve 0.05, it needs n >= 308 (628 for 80 % power)"
        in text
    )
    assert "if 20% of the answers flip (gating.flip_share) and nothing is lost" in text
    assert "general_limit" in text
    assert "Nothing was trained" in text
    with caplog.at_level(logging.WARNING):
        assert check_sizes(splits(90), small, GatingParams(on_small_suite="go on"))
    assert "cannot resolve 0.05" in caplog.text


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"flip_share": 0.05, "min_items": 0}, "needs n >= 77"),
        ({"min_power": 0.8}, "needs n >= 628"),
        ({"max_general_drop": 0.02}, "needs n >= 1921"),
        ({"alpha": 0.2}, "needs n >= 132"),
        ({"min_items": 2000, "max_general_drop": 0.2}, "fewer than the 2000 that"),
        ({"max_general_drop": 0.0}, "no number of items can prove a margin"),
    ],
)
def test_every_assumption_moves_the_number(splits, changes: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        check_sizes(splits(90), evaluation(general_limit=70), GatingParams(**changes))


def test_the_task_is_planned_for_a_gain_above_the_smallest(splits) -> None:
    folder = splits(30)
    check_sizes(folder, evaluation(), GatingParams(min_task_gain=0.3))
    with pytest.raises(
        ConfigError, match=r"task gain: there are 30 items: .* resolve 0\.3, it needs n >= 350 .* 35% .* 0\.35"
    ):
        check_sizes(folder, evaluation(), GatingParams(min_task_gain=0.3, planned_gain=0.05))
    with pytest.raises(ConfigError, match="fewer than the 31 that"):
        check_sizes(folder, evaluation(), GatingParams(min_task_gain=0.3, min_task_items=31))
    with pytest.raises(ConfigError, match=r"no number of items can prove a margin of \+1\.000"):
        check_sizes(folder, evaluation(), GatingParams(min_task_gain=1.0))


def test_a_metric_is_counted_on_the_files_it_applies_to(splits) -> None:
    metrics = [{"kind": "extraction"}, {"kind": "text", "name": "notes", "sources": ["notes*.jsonl"]}]
    with pytest.raises(ConfigError, match=r"metric: notes: there are 90 items.*max_metric_drop"):
        check_sizes(splits(90, "notes-1.jsonl"), evaluation(metrics=metrics), GatingParams())
    # No item is of its files: evaluation refuses that, in its own words.
    check_sizes(splits(90), evaluation(metrics=metrics), GatingParams())


def test_policies_are_checked_and_planned_for(splits, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("general: {max_drop: 0.02}\nguardrails: {refusal: {max_drop: 0.02, must_prove: true}}\n")
    with pytest.raises(ConfigError) as caught:
        check_sizes(splits(90), evaluation(), GatingParams(policy=str(path)))
    assert "general drop: there are 595 items: this suite cannot resolve 0.02, it needs n >= 1921" in str(caught.value)
    assert "guardrail: refusal: there are" in str(caught.value)
    path.write_text("general_tasks: {mmlu: {max_drop: 0.02}}\n")
    with pytest.raises(ConfigError, match=r"mmlu is not measured. Known: general_facts"):
        check_sizes(splits(90), evaluation(), GatingParams(policy=str(path)))


def test_metrics_that_cannot_score_the_test_stop_before_training(splits, tmp_path: Path) -> None:
    template = tmp_path / "template.txt"
    template.write_text("{{answer:sentence}}")
    metrics = [
        {"kind": "format", "template_file": str(template)},
        {"kind": "text", "sources": ["others-*"]},
        {"kind": "classification"},
    ]
    with pytest.raises(ConfigError) as caught:
        check_metrics(splits(30), evaluation(metrics=metrics), "inline")
    for said in ("unknown type 'sentence'", "text scores no item", "is no label"):
        assert said in str(caught.value)
    check_metrics(splits(30), evaluation(), "inline")


def test_on_a_pool_the_keys_of_a_judge_are_the_workers(splits) -> None:
    judge = {"kind": "judge", "url": "http://127.0.0.1:9/v1", "model": "j", "api_key_variable": "NO_SUCH_KEY_HERE"}
    asked = evaluation(metrics=[{"kind": "extraction"}, judge])
    check_metrics(splits(30), asked, "pool")
    with pytest.raises(ConfigError, match="NO_SUCH_KEY_HERE"):
        check_metrics(splits(30), asked, "inline")

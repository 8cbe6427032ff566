"""The harness on the tiny model: items, progress, refusals."""

from pathlib import Path
from typing import Any

import datasets
import pytest

from tasks.errors import ConfigError
from tasks.evaluation.general import ask, load_tasks, summarise
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import DATA, NAME
from tasks.store.records import read_rows


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    return load_tasks([NAME])


def test_items_come_in_order_with_their_category(loaded, tasks) -> None:
    told: list = []
    items, chances = ask(
        *loaded, tasks, EvaluationParams(general_limit=6), on_answer=lambda done, total: told.append((done, total))
    )
    known = list(read_rows(DATA))[:6]
    assert [(item["item"], item["category"]) for item in items] == [(row["id"], row["category"]) for row in known]
    assert all(item["task"] == NAME and isinstance(item["correct"], bool) for item in items)
    assert chances == [0.25] * 6
    assert told == [(done, 24) for done in range(1, 25)]


def test_batches_do_not_change_the_result_and_the_template_changes_the_question(loaded, tasks) -> None:
    def run(**params):
        return ask(*loaded, tasks, EvaluationParams(general_limit=8, **params), on_answer=lambda *_told: None)

    plain = run(batch_size=1)
    assert tasks[NAME].instances[0].args == ("The month that comes right after August is", " November")
    assert run(batch_size=7) == plain
    run(apply_chat_template=True)
    prompt, _choice = tasks[NAME].instances[0].args
    assert prompt.startswith("<|im_start|>user\nThe month")
    assert prompt.endswith("<|im_start|>assistant\n")


def test_unknown_names_are_refused_all_at_once() -> None:
    with pytest.raises(ConfigError, match=r"no tasks of .*: arc_eazy, nonsense\. .*arc_"):
        load_tasks([NAME, "arc_eazy", "nonsense"])


def test_a_task_out_of_reach_names_the_bundled_one() -> None:
    with pytest.raises(ConfigError, match=f"arc_easy.*HF_HUB_OFFLINE.*{NAME} is bundled"):
        load_tasks(["arc_easy"])


def test_a_task_that_scores_no_items_is_refused(tasks, monkeypatch) -> None:
    monkeypatch.setattr("tasks.evaluation.general.ITEM_METRICS", ("bleu",))
    with pytest.raises(ConfigError, match=f"right or wrong .*: {NAME}"):
        load_tasks([NAME])


def test_summary() -> None:
    items = [{"task": task, "correct": correct} for task, correct in [("a", True), ("a", False), ("b", True)]]
    assert summarise(items, [0.5, 0.5, 0.25]) == {
        "n": 3,
        "accuracy": pytest.approx(2 / 3),
        "chance": pytest.approx(1.25 / 3),
        "tasks": {"a": {"n": 2, "accuracy": 0.5, "chance": 0.5}, "b": {"n": 1, "accuracy": 1.0, "chance": 0.25}},
    }

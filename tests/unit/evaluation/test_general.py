"""The harness on the tiny model: items, progress, refusals."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest

from tasks.errors import ConfigError
from tasks.evaluation.general import ask, load_tasks, summarise
from tasks.evaluation.harness import Remembered, local_model
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import DATA, NAME
from tasks.store.records import read_rows


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    return load_tasks([NAME])


def run(loaded, tasks, on_answer=lambda *_told: None, **params):
    settings = EvaluationParams(**params)
    return ask(local_model(*loaded, settings), tasks, settings, on_answer=on_answer)


def test_items_come_in_order_with_all_that_was_asked(loaded, tasks) -> None:
    told: list = []
    items = run(loaded, tasks, lambda done, total: told.append((done, total)), general_limit=30)
    assert told == [(done, 120) for done in range(1, 121)]
    known = {row["id"]: row for row in read_rows(DATA)}
    order = list(known)
    assert [order.index(item["item"]) for item in items] == sorted(order.index(item["item"]) for item in items)
    for item in items:
        row = known[item["item"]]
        assert (item["task"], item["category"], item["question"]) == (NAME, row["category"], row["question"])
        assert (item["choices"], item["right"], item["chance"]) == (row["choices"], row["answer"], 0.25)
        assert item["chosen"] == item["loglikelihoods"].index(max(item["loglikelihoods"]))
        assert item["correct"] is (item["chosen"] == item["right"])


def test_a_limit_draws_by_seed_from_all_categories(loaded, tasks) -> None:
    first, again, other = (
        [item["item"] for item in run(loaded, tasks, general_limit=40, general_seed=seed)] for seed in (0, 0, 1)
    )
    assert first == again != other
    assert len(first) == len(other) == 40
    known = list(read_rows(DATA))
    assert first != [row["id"] for row in known[:40]]
    drawn = [item["category"] for item in run(loaded, tasks, general_limit=40)]
    for category, count in Counter(row["category"] for row in known).items():
        assert abs(drawn.count(category) - 40 * count / len(known)) < 1


def test_batches_do_not_change_the_result_and_the_template_changes_the_question(loaded, tasks) -> None:
    plain = run(loaded, tasks, batch_size=1, general_limit=8)
    assert run(loaded, tasks, batch_size=7, general_limit=8) == plain
    assert run(loaded, tasks, batch_tokens=256, general_limit=8) == plain
    run(loaded, tasks, apply_chat_template=True, general_limit=8)
    prompt, _choice = tasks[NAME].instances[0].args
    assert prompt.startswith("<|im_start|>user\n")
    assert prompt.endswith("<|im_start|>assistant\n")


def test_likelihoods_are_those_of_the_harness(loaded, tasks) -> None:
    from lm_eval.models.huggingface import HFLM

    ours = run(loaded, tasks, general_limit=12)
    settings = EvaluationParams(general_limit=12)
    lm = HFLM(pretrained=loaded[0], tokenizer=loaded[1], batch_size=4)
    theirs = ask(lm, tasks, settings, on_answer=lambda *_told: None)
    for one, other in zip(ours, theirs, strict=True):
        assert one["loglikelihoods"] == pytest.approx(other["loglikelihoods"], abs=2e-4)
        assert one | {"loglikelihoods": []} == other | {"loglikelihoods": []}


def test_known_answers_are_not_asked_again(loaded, tasks, tmp_path: Path) -> None:
    def remembered(model: str, **params):
        settings = EvaluationParams(**params)
        lm = local_model(*loaded, settings)
        known = Remembered(tmp_path / "general", {"model": model})
        known.attach(lm)
        items = ask(lm, tasks, settings, on_answer=lambda *_told: None)
        known.save()
        return items, known.asked, known.reused

    first, asked, reused = remembered("a", general_limit=8)
    assert (asked, reused) == (32, 0)
    assert remembered("a", general_limit=8) == (first, 0, 32)
    more, asked, reused = remembered("a", general_limit=40)
    assert asked + reused == 160
    assert reused == 4 * len({item["item"] for item in more} & {item["item"] for item in first})
    assert more == run(loaded, tasks, general_limit=40)
    assert remembered("b", general_limit=8) == (first, 32, 0)
    for path in (tmp_path / "general").glob("*.jsonl"):
        path.write_text('{"request": "tor')
    assert remembered("a", general_limit=8) == (first, 32, 0)


def test_tasks_that_run_code_are_refused_unless_wanted(monkeypatch) -> None:
    with pytest.raises(ConfigError, match=r"run code that the model writes: humaneval, mbpp.*run_model_code"):
        load_tasks([NAME, "humaneval", "mbpp"])
    # Wanted, they are loaded as any other: here the hub is out of reach.
    monkeypatch.delenv("HF_ALLOW_CODE_EVAL", raising=False)
    with pytest.raises(ConfigError, match="could not be loaded"):
        load_tasks(["mbpp"], run_model_code=True)
    assert os.environ.pop("HF_ALLOW_CODE_EVAL") == "1"


def test_unknown_names_are_refused_all_at_once() -> None:
    with pytest.raises(ConfigError, match=r"no tasks of .*: arc_eazy, nonsense\. .*arc_"):
        load_tasks([NAME, "arc_eazy", "nonsense"])


def test_a_task_out_of_reach_names_the_bundled_one() -> None:
    with pytest.raises(ConfigError, match=f"arc_easy.*HF_HUB_OFFLINE.*{NAME} is bundled"):
        load_tasks(["arc_easy"])


def test_a_task_that_scores_no_items_is_refused(tasks, monkeypatch) -> None:
    monkeypatch.setattr("tasks.evaluation.general.ITEM_METRICS", {"bleu": "bleu"})
    with pytest.raises(ConfigError, match=f"right or wrong .*: {NAME}"):
        load_tasks([NAME])


def test_summary() -> None:
    rows = [("a", True, 0.5), ("a", False, 0.5), ("b", True, 0.25)]
    assert summarise([{"task": task, "correct": correct, "chance": chance} for task, correct, chance in rows]) == {
        "n": 3,
        "accuracy": pytest.approx(2 / 3),
        "chance": pytest.approx(1.25 / 3),
        "tasks": {"a": {"n": 2, "accuracy": 0.5, "chance": 0.5}, "b": {"n": 1, "accuracy": 1.0, "chance": 0.25}},
    }

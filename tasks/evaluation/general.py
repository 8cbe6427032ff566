"""General ability through lm-evaluation-harness, on the model that is already loaded."""

import logging
import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from tasks.errors import ConfigError
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME, load_suite
from tasks.store.records import Row

ITEM_METRICS = ("acc", "exact_match")
"""Metrics that say right or wrong for each single item; the first that a task has is taken."""

SHOWN_NAMES = 20


def load_tasks(names: Sequence[str]) -> dict[str, Any]:
    """Load the data of the named tasks (a group's name stands for all its tasks).

    Raises:
        ConfigError: Unknown names, data out of reach, or tasks that do not say right or wrong item by item.
    """
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    manager = _manager(with_harness=any(name != NAME for name in names))
    if unknown := [name for name in names if name != NAME and name not in manager.task_index]:
        near = [name for name in manager.all_tasks if any(name.split("_")[0] == word.split("_")[0] for word in unknown)]
        hint = ", ".join(near[:SHOWN_NAMES]) or f"{NAME}, arc_easy, hellaswag, mmlu, piqa, winogrande"
        raise ConfigError(
            f"evaluation.general_tasks has names that are no tasks of lm-evaluation-harness: {', '.join(unknown)}. "
            f"There are for example: {hint}."
        )
    try:
        tasks: dict[str, Any] = manager.load([load_suite() if name == NAME else name for name in names])["tasks"]
    except Exception as error:
        offline = " The hub is switched off here (HF_HUB_OFFLINE)." if os.environ.get("HF_HUB_OFFLINE") else ""
        raise ConfigError(
            f"the data of evaluation.general_tasks ({', '.join(names)}) could not be loaded: {error}.{offline} "
            f"The task {NAME} is bundled and needs no hub."
        ) from error
    if blind := [name for name, task in tasks.items() if not _item_metric(task)]:
        raise ConfigError(
            f"these general tasks do not score each item as right or wrong ({' or '.join(ITEM_METRICS)}), so models "
            f"cannot be compared on them: {', '.join(blind)}. Take them out of evaluation.general_tasks."
        )
    for task in tasks.values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=0)
    return tasks


@cache
def _manager(*, with_harness: bool) -> Any:
    """Index the tasks; the harness's own are thousands of files, read only when one is asked for."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_defaults=with_harness)


def ask(
    model: Any,
    tokenizer: Any,
    tasks: dict[str, Any],
    params: EvaluationParams,
    *,
    on_answer: Callable[[int, int], None],
) -> tuple[list[Row], list[float]]:
    """Run the tasks.

    Args:
        model: Loaded, with its adapter if any.
        tokenizer: The model's.
        tasks: From `load_tasks`.
        params: Batch size, limit, chat template.
        on_answer: Called with the number of choices scored so far, and of all choices.

    Returns:
        The items (task, item, category, correct), and for each the chance of guessing it right (0 for free answers).
    """
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=params.batch_size)
    lm.set_cache_hook(_Counter(tasks, on_answer))
    results = evaluate(
        lm=lm,
        task_dict={"tasks": tasks, "groups": {}, "group_map": {}},
        limit=params.general_limit or None,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=params.apply_chat_template,
    )
    items, chances = [], []
    for name, samples in results["samples"].items():
        task = tasks[name]
        metric = _item_metric(task)
        first_filter = samples[0]["filter"]
        for sample in sorted(samples, key=lambda sample: int(sample["doc_id"])):
            # A task with several ways to read an answer has a line for each; the first is the task's main one.
            if sample["filter"] == first_filter:
                items.append(_item(name, sample, metric))
                chances.append(_chance(task, sample["doc"]))
    return items, chances


def summarise(items: Sequence[Row], chances: Sequence[float]) -> dict[str, Any]:
    """Return accuracy and chance over all items and for each task."""
    by_task: dict[str, list[int]] = {}
    for at, item in enumerate(items):
        by_task.setdefault(item["task"], []).append(at)
    return _mean(items, chances, range(len(items))) | {
        "tasks": {name: _mean(items, chances, places) for name, places in by_task.items()}
    }


def _mean(items: Sequence[Row], chances: Sequence[float], places: Sequence[int]) -> dict[str, Any]:
    count = len(places)
    return {
        "n": count,
        "accuracy": sum(items[at]["correct"] for at in places) / count,
        "chance": sum(chances[at] for at in places) / count,
    }


class _Counter:
    """Stands where the harness keeps its answer cache: told of each answer, it reports progress."""

    def __init__(self, tasks: dict[str, Any], on_answer: Callable[[int, int], None]) -> None:
        self.tasks = tasks
        self.on_answer = on_answer
        self.done = 0
        self.total = 0

    def add_partial(self, _kind: str, _request: Any, _answer: Any) -> None:
        self.total = self.total or sum(len(task.instances) for task in self.tasks.values())
        self.done += 1
        self.on_answer(self.done, self.total)


def _item_metric(task: Any) -> str:
    known = set(task.aggregation())
    return next((name for name in ITEM_METRICS if name in known), "")


def _item(task: str, sample: Row, metric: str) -> Row:
    doc = sample["doc"]
    name = doc.get("id", sample["doc_id"])
    category = doc.get("category", doc.get("subject"))
    return {
        "task": task,
        "item": name if isinstance(name, str) else str(sample["doc_id"]),
        "category": category if isinstance(category, str) else None,
        "correct": bool(sample[metric] == 1),
    }


def _chance(task: Any, doc: Row) -> float:
    return 1 / len(task.doc_to_choice(doc)) if task.OUTPUT_TYPE == "multiple_choice" else 0.0

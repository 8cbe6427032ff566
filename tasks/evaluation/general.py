"""General ability through lm-evaluation-harness: which tasks, which of their items, what each answer was."""

import logging
import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from tasks.errors import ConfigError
from tasks.evaluation.draw import draw
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME, load_suite
from tasks.store.records import Row

ITEM_METRICS = {"acc": "acc", "exact_match": "exact_match", "pass_at_k": "pass@1", "pass_at_1": "pass_at_1"}
"""Metrics that say right or wrong for each single item, with their names on an item; the first a task has is taken."""

DIGITS = 4
"""Of a log-likelihood: how a batch is put together shows from the sixth on in float32, and must not in an artefact."""

SHOWN_NAMES = 20


def load_tasks(names: Sequence[str], *, run_model_code: bool = False) -> dict[str, Any]:
    """Load the data of the named tasks (a group's name stands for all its tasks).

    Args:
        names: The bundled suite's, or tasks and groups of the harness.
        run_model_code: Let tasks run the code that a model writes, in this process and unguarded.

    Raises:
        ConfigError: Unknown names, data out of reach, tasks that run the model's code though that is not wanted, or
            tasks that do not say right or wrong item by item.
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
    if run_model_code:
        # The library behind these tasks wants to hear it too.
        os.environ["HF_ALLOW_CODE_EVAL"] = "1"
    else:
        # Some run code as they are loaded, so the index is asked first; what it does not say shows afterwards.
        _refuse_code([name for name in names if name != NAME and _says_unsafe(manager.task_index[name])])
    try:
        tasks: dict[str, Any] = manager.load([load_suite() if name == NAME else name for name in names])["tasks"]
    except Exception as error:
        offline = " The hub is switched off here (HF_HUB_OFFLINE)." if os.environ.get("HF_HUB_OFFLINE") else ""
        raise ConfigError(
            f"the data of evaluation.general_tasks ({', '.join(names)}) could not be loaded: {error}.{offline} "
            f"The task {NAME} is bundled and needs no hub."
        ) from error
    if not run_model_code:
        _refuse_code([name for name, task in tasks.items() if getattr(task, "UNSAFE_CODE", False)])
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


def _says_unsafe(entry: Any) -> bool:
    return bool((getattr(entry, "cfg", None) or {}).get("unsafe_code"))


def _refuse_code(names: list[str]) -> None:
    if names:
        raise ConfigError(
            f"these general tasks run code that the model writes: {', '.join(names)}. Take them out of "
            "evaluation.general_tasks, or set evaluation.run_model_code on a machine that has nothing to lose."
        )


@cache
def _manager(*, with_harness: bool) -> Any:
    """Index the tasks; the harness's own are thousands of files, read only when one is asked for."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_defaults=with_harness)


def ask(
    lm: Any, tasks: dict[str, Any], params: EvaluationParams, *, on_answer: Callable[[int, int], None]
) -> list[Row]:
    """Run the tasks.

    Args:
        lm: A model as the harness knows it: `tasks.evaluation.harness`.
        tasks: From `load_tasks`.
        params: Limit and its seed, chat template.
        on_answer: Called with the number of answers so far, and of all.

    Returns:
        The items: task, item, category, correct, chance (of guessing it right; 0 for free answers), question; with
            choices, log-likelihoods, chosen and right place where there are choices, else with answer and expected.
    """
    from lm_eval.evaluator import evaluate

    lm.set_cache_hook(_Counter(tasks, on_answer))
    samples = None
    if params.general_limit:
        samples = {name: _draw(name, task, params) for name, task in tasks.items()}
    results = evaluate(
        lm=lm,
        task_dict={"tasks": tasks, "groups": {}, "group_map": {}},
        samples=samples,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=params.apply_chat_template,
        confirm_run_unsafe_code=params.run_model_code,
    )
    items = []
    for name, answered in results["samples"].items():
        first_filter = answered[0]["filter"]
        for sample in sorted(answered, key=lambda sample: int(sample["doc_id"])):
            # A task with several ways to read an answer has a line for each; the first is the task's main one.
            if sample["filter"] == first_filter:
                items.append(_item(name, tasks[name], sample))
    return items


def _draw(name: str, task: Any, params: EvaluationParams) -> list[int]:
    categories = [_category(doc) for doc in task.eval_docs]
    return draw(categories, params.general_limit, f"{params.general_seed}:{name}")


def summarise(items: Sequence[Row]) -> dict[str, Any]:
    """Return accuracy and chance over all items and for each task."""
    by_task: dict[str, list[Row]] = {}
    for item in items:
        by_task.setdefault(item["task"], []).append(item)
    return _mean(items) | {"tasks": {name: _mean(members) for name, members in by_task.items()}}


def _mean(items: Sequence[Row]) -> dict[str, Any]:
    count = len(items)
    return {
        "n": count,
        "accuracy": sum(item["correct"] for item in items) / count,
        "chance": sum(item["chance"] for item in items) / count,
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
    return next((on_item for name, on_item in ITEM_METRICS.items() if name in known), "")


def _category(doc: Row) -> str | None:
    category = doc.get("category", doc.get("subject"))
    return category if isinstance(category, str) else None


def _item(name: str, task: Any, sample: Row) -> Row:
    doc = sample["doc"]
    own = doc.get("id", sample["doc_id"])
    choices = list(task.doc_to_choice(doc)) if task.OUTPUT_TYPE == "multiple_choice" else []
    return {
        "task": name,
        "item": own if isinstance(own, str) else str(sample["doc_id"]),
        "category": _category(doc),
        "correct": bool(sample[_item_metric(task)] == 1),
        "chance": 1 / len(choices) if choices else 0.0,
        "question": str(sample["arguments"][0][0]),
        **(_chosen(sample, choices) if choices else _written(sample)),
    }


def _chosen(sample: Row, choices: list[Any]) -> Row:
    # Some tasks ask for each choice twice, the second time without the question: the first round is what decides.
    found = [round(float(answer[0]), DIGITS) for answer in sample["filtered_resps"][: len(choices)]]
    target = sample["target"]
    return {
        "choices": [str(choice) for choice in choices],
        "loglikelihoods": found,
        "chosen": max(range(len(found)), key=found.__getitem__),
        "right": choices.index(target) if isinstance(target, str) and target in choices else target,
    }


def _written(sample: Row) -> Row:
    answer = sample["filtered_resps"][0]
    return {"answer": answer if isinstance(answer, str) else str(answer), "expected": str(sample["target"])}

"""What is measured, and on how many items."""

from typing import Literal

from tasks.evaluation.suite import NAME
from tasks.store.params import Params, positioned


class EvaluationParams(Params):
    """Parameters of the evaluation stage: the same for the base and for the tuned model."""

    task_set: Literal["auto", "heldout", "test"] = positioned(
        "auto",
        0,
        "Task items from",
        "heldout: the rows of the held-out file. test: the test part of the split. auto: heldout when it has rows.",
    )
    task_items: int = positioned(
        0,
        1,
        "Most task items (0: all)",
        "A fixed choice by the rows' names, so that both models get the same.",
        ge=0,
        le=1_000_000,
    )
    max_new_tokens: int = positioned(
        128,
        2,
        "Longest answer (tokens)",
        "Answers are cut here. Take more than the longest right answer has; a babbling model always uses it up.",
        ge=1,
        le=32768,
    )
    batch_size: int = positioned(
        32, 3, "Batch (items)", "Items computed at once: more is faster and takes more memory.", ge=1, le=4096
    )
    general_tasks: tuple[str, ...] = positioned(
        (NAME,),
        4,
        "General-ability tasks",
        f"{NAME} is bundled. Other names are tasks of lm-evaluation-harness; their data come from the hub.",
        min_length=1,
    )
    general_limit: int = positioned(
        0, 5, "Most items of each general task (0: all)", "The first so many items are asked.", ge=0, le=1_000_000
    )
    apply_chat_template: bool = positioned(
        False,
        6,
        "Ask general tasks as a chat",
        "Off: choices are scored as the continuation of plain text, as published figures mostly are. "
        "On: each question is a user turn in the model's own template.",
    )

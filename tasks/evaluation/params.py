"""What is measured, how it is asked, and on how many items."""

from typing import Literal

from tasks.evaluation.suite import NAME
from tasks.guardrails.params import GuardrailParams
from tasks.metrics.params import Extraction, MetricChoice
from tasks.store.params import Params, positioned

Engine = Literal["transformers", "vllm"]


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
    metrics: tuple[MetricChoice, ...] = positioned(
        (Extraction(),),
        2,
        "Metrics of the task",
        "The first one decides whether the task was learned; the others must not fall. Each can be kept to some source "
        "files.",
        min_length=1,
    )
    max_new_tokens: int = positioned(
        128,
        3,
        "Longest answer (tokens)",
        "Answers are cut here. Take more than the longest right answer has; a babbling model always uses it up.",
        ge=1,
        le=32768,
    )
    constrained: str = positioned(
        "none",
        4,
        "Answers must be",
        "none: whatever the model writes. json: one JSON object. Or the path of a JSON Schema file (.json). Base and "
        "tuned model alike; serve the model with the same constraint, or the figures say nothing about it.",
        pattern=r"^(none|json|.+\.json)$",
    )
    engine: Engine = positioned(
        "transformers",
        5,
        "Engine",
        "vllm: the server of `make vllm` with the adapter on; quicker on a GPU. Base and tuned model use the same one.",
    )
    start_timeout_s: int = positioned(
        600, 6, "Time for vLLM to start (s)", "How long its server may take until it is ready.", ge=10, le=7200
    )
    batch_size: int = positioned(
        32, 7, "Batch (items)", "Items computed at once: more is faster and takes more memory.", ge=1, le=4096
    )
    batch_tokens: int = positioned(
        16384,
        8,
        "Batch (tokens)",
        "Most tokens computed at once, with padding and the longest answers: long prompts then make smaller batches.",
        ge=256,
        le=16_777_216,
    )
    general_tasks: tuple[str, ...] = positioned(
        (NAME,),
        9,
        "General-ability tasks",
        f"{NAME} is bundled. Other names are tasks of lm-evaluation-harness; their data come from the hub.",
        min_length=1,
    )
    general_limit: int = positioned(
        0,
        10,
        "Most items of each general task (0: all)",
        "Drawn by the seed below, from each category its share.",
        ge=0,
        le=1_000_000,
    )
    general_seed: int = positioned(
        0, 11, "Seed of that draw", "Another seed asks other items. Unused without a limit.", ge=0, le=2**31 - 1
    )
    apply_chat_template: bool = positioned(
        False,
        12,
        "Ask general tasks as a chat",
        "Off: choices are scored as the continuation of plain text, as published figures mostly are. "
        "On: each question is a user turn in the model's own template.",
    )
    run_model_code: bool = positioned(
        False,
        13,
        "Run code that the model writes",
        "Tasks such as humaneval and mbpp run it on the machine that evaluates, without a sandbox. Off: they are "
        "refused.",
    )
    guardrails: GuardrailParams = positioned(
        GuardrailParams(), 14, "Guardrails", "Probes of refusals, leaks and injected orders, asked of both models."
    )

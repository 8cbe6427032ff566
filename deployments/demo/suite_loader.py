"""Loads the general-ability suite as a plain task config for lm-evaluation-harness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TASK = HERE / "suite" / "general_facts.yaml"
DATA = HERE / "data" / "suite.jsonl"


def load_suite(data: Path = DATA, task: Path = TASK) -> dict[str, Any]:
    """Return the task config with an absolute data file.

    Pass it as ``simple_evaluate(tasks=[load_suite()], task_manager=TaskManager(include_defaults=False))``.

    Args:
        data: The items, one JSON object per line.
        task: The task file without a data file.

    Returns:
        A config that works from any working directory.

    Raises:
        FileNotFoundError: If the items are missing.
    """
    config: dict[str, Any] = yaml.safe_load(task.read_text(encoding="utf-8"))
    config["dataset_kwargs"] = {"data_files": {"test": str(data.resolve(strict=True))}}
    return config

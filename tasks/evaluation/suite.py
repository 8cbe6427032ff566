"""The bundled general-ability suite, as lm-evaluation-harness wants it: plain facts, four choices, no download."""

from pathlib import Path
from typing import Any

from tasks.store.keys import digest_of, file_digest

NAME = "general_facts"
HERE = Path(__file__).parent / "suite"
TASK = HERE / "general_facts.yaml"
DATA = HERE / "suite.jsonl"


def load_suite() -> dict[str, Any]:
    """Return the task's config with the absolute path of its items, so that it works from any working directory."""
    import yaml

    config: dict[str, Any] = yaml.safe_load(TASK.read_text(encoding="utf-8"))
    config["dataset_kwargs"] = {"data_files": {config["test_split"]: str(DATA)}}
    return config


def suite_digest() -> str:
    """Return the digest of the suite: its items and the way they are asked."""
    return digest_of([file_digest(TASK), file_digest(DATA)])

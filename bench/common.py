"""What the benches share: where they keep things, the peers' environments, the machine's name."""

import json
import os
import platform
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from bench.corpus import sentences

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
CACHE = Path(os.environ.get("FINETUNE_FLOWS_BENCH", Path(tempfile.gettempdir()) / "finetune-flows-bench"))


def peers_environment(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of the programs of an environment for peers, made once for a list of packages."""
    folder = CACHE / f"{name}-{blake2b(' '.join(packages).encode(), digest_size=4).hexdigest()}"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "ready").touch()
    return folder / "bin"


def sentence_pool() -> list[str]:
    """Return the sentences that corpora are made of."""
    path = CACHE / "sentences.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sentences()), encoding="utf-8")
    pool: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return pool


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def resident(field: str) -> float:
    """Return resident memory of this process, now (`VmRSS`) or at most (`VmHWM`), MB.

    What getrusage says would include its parent's.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024 / 1e6


def forget_peak() -> None:
    """Let `VmHWM` of this process begin again at what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")

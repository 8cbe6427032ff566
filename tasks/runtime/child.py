"""Entry point of a child process: `python -m tasks.runtime.child TARGET PAYLOAD.json`.

The child reports through a pipe whose descriptor is in `FINETUNE_FLOWS_EVENTS`: one JSON object a line, with `event`
being `progress`, `working` (it has its devices now), `result` or `error`. Its standard output and error go to a log
file that the parent opened.
"""

import ctypes
import errno
import importlib
import json
import os
import platform
import signal
import sys
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tasks.errors import FinetuneError, is_transient
from tasks.settings import home
from tasks.store.locks import file_lock

EVENTS_VARIABLE = "FINETUNE_FLOWS_EVENTS"
STOPPED_EXIT_CODE = 75
DISK_ADVICE = (
    ". The disk is full: free some space, for example with `finetune-flows clean`, and run again: finished stages and "
    "checkpoints are kept."
)
_PR_SET_PDEATHSIG = 1


class StoppedError(Exception):
    """The child was asked to stop and did so at a safe point."""


class Events:
    """Writes events to the parent; a parent that is gone is not an error here (the kernel ends the child)."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)

    def send(self, event: str, **fields: Any) -> None:
        """Send one event."""
        self._pipe.write(json.dumps({"event": event, **fields}) + "\n")

    def progress(self, message: str, done: float = 0.0, total: float = 0.0, **figures: float) -> None:
        """Report progress: a sentence, how much is done, and figures such as the loss."""
        self.send("progress", message=message, done=done, total=total, figures=figures)


class StopFlag:
    """Set by SIGTERM; long loops ask it at their safe points."""

    def __init__(self) -> None:
        self.set = False
        signal.signal(signal.SIGTERM, self._on_signal)
        # Ctrl-C reaches the whole terminal; the parent hears it too, and asks for a stop that saves the work.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.set = True

    def check(self) -> None:
        """Raise `StoppedError` when the parent has asked for a stop."""
        if self.set:
            raise StoppedError


def device_lock_paths(device_files: Path = Path("/dev")) -> list[Path]:
    """Return the lock files of the devices this process may use, one for each: one holder at a time on each machine.

    The machine is in their names, since several may share one home (its boot id: containers on it have the same). They
    are sorted: whoever needs several takes them in the same order, so that no two wait for each other.

    Args:
        device_files: Where the kernel shows the GPUs.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        devices = {path.name.removeprefix("nvidia") for path in device_files.glob("nvidia[0-9]*")}
    else:
        devices = {part.strip() for part in chosen.split(",")} - {"", "-1"}
    names = sorted(device.replace("/", "-") for device in devices or {"cpu"})
    return [home() / "locks" / f"device-{_machine()}-{name}.lock" for name in names]


def _machine() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return platform.node()


def main(target: str, payload_path: str) -> int:
    """Run one function in this process and report how it ended."""
    _die_with_parent()
    events = Events(int(os.environ[EVENTS_VARIABLE]))
    stop = StopFlag()
    module_name, _, function_name = target.partition(":")
    try:
        with ExitStack() as held:
            for lock in device_lock_paths():
                held.enter_context(file_lock(lock, "the device", on_wait=events.progress, check=stop.check))
            events.send("working")
            function = getattr(importlib.import_module(module_name), function_name)
            result = function(json.loads(Path(payload_path).read_bytes()), events, stop)
        events.send("result", value=result)
    except StoppedError:
        return STOPPED_EXIT_CODE
    except Exception as error:
        traceback.print_exc()
        known = isinstance(error, FinetuneError)
        name = type(error).__name__ if known else _kind_of(error)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        events.send("error", type=name, message=message + ("" if known or not _disk_full(error) else DISK_ADVICE))
        return 1
    return 0


def _kind_of(error: Exception) -> str:
    """Return the name of the project's error that an error of a library becomes."""
    if is_transient(error):
        return "TransientError"
    text = f"{type(error).__name__} {error}".lower()
    full = "outofmemory" in text or "out of memory" in text or _disk_full(error)
    return "ResourceError" if full else "FinetuneError"


def _disk_full(error: Exception) -> bool:
    # Libraries in C and Rust raise errors of their own kind, with the system's words in them.
    return getattr(error, "errno", None) == errno.ENOSPC or "no space left on device" in str(error).lower()


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; the parent may have died already."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        os._exit(STOPPED_EXIT_CODE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))

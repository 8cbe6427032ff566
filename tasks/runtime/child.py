"""Entry point of a child process: `python -m tasks.runtime.child TARGET PAYLOAD.json`.

The child reports through a pipe whose descriptor is in `FINETUNE_FLOWS_EVENTS`: one JSON object a line, with `event`
being `progress`, `result` or `error`. Its standard output and error go to a log file that the parent opened.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from tasks.errors import FinetuneError
from tasks.settings import home
from tasks.store.locks import file_lock

EVENTS_VARIABLE = "FINETUNE_FLOWS_EVENTS"
STOPPED_EXIT_CODE = 75
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

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.set = True

    def check(self) -> None:
        """Raise `StoppedError` when the parent has asked for a stop."""
        if self.set:
            raise StoppedError


def device_lock_path() -> Path:
    """Return the lock file of the devices this process may use: one holder at a time on each machine."""
    devices = os.environ.get("CUDA_VISIBLE_DEVICES") or ("all" if Path("/dev/nvidiactl").exists() else "cpu")
    return home() / "locks" / f"device-{devices.replace(',', '-')}.lock"


def main(target: str, payload_path: str) -> int:
    """Run one function in this process and report how it ended."""
    _die_with_parent()
    events = Events(int(os.environ[EVENTS_VARIABLE]))
    stop = StopFlag()
    module_name, _, function_name = target.partition(":")
    try:
        with file_lock(device_lock_path(), waiting_for="the device"):
            function = getattr(importlib.import_module(module_name), function_name)
            result = function(json.loads(Path(payload_path).read_bytes()), events, stop)
        events.send("result", value=result)
    except StoppedError:
        return STOPPED_EXIT_CODE
    except Exception as error:
        traceback.print_exc()
        known = isinstance(error, FinetuneError)
        name = type(error).__name__ if known else _resource_or_other(error)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        events.send("error", type=name, message=message)
        return 1
    return 0


def _resource_or_other(error: Exception) -> str:
    text = f"{type(error).__name__} {error}".lower()
    return "ResourceError" if "outofmemory" in text or "out of memory" in text else "FinetuneError"


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; the parent may have died already."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        os._exit(STOPPED_EXIT_CODE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))

"""What the child processes of these tests do."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

from tasks.runtime.child import Events, StopFlag


def double(payload: dict[str, Any], events: Events, _stop: StopFlag) -> dict[str, Any]:
    events.progress("doubling", 1, 2)
    return {"double": 2 * payload["number"], "home": os.environ["FINETUNE_FLOWS_HOME"]}


def wait(_payload: dict[str, Any], events: Events, stop: StopFlag) -> None:
    events.progress("ready")
    while True:
        stop.check()
        time.sleep(0.02)


def interrupted(_payload: dict[str, Any], _events: Events, _stop: StopFlag) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return "still here"


def crash(_payload: dict[str, Any], _events: Events, _stop: StopFlag) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(payload: dict[str, Any], _events: Events, _stop: StopFlag) -> None:
    raise {
        "connection": ConnectionResetError("the hub hung up"),
        "busy": OSError(errno.EBUSY, "busy"),
        "disk": OSError(errno.ENOSPC, "No space left on device"),
        "disk of a library": RuntimeError("SafetensorError: No space left on device (os error 28)"),
        "memory": RuntimeError("CUDA out of memory"),
        "other": ValueError("a fault"),
    }[payload["how"]]


def slow(payload: dict[str, Any], _events: Events, stop: StopFlag) -> None:
    Path(payload["started"]).touch()
    while True:
        stop.check()
        time.sleep(0.02)

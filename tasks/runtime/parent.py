"""The parent's side of a child process: start it, follow it, stop it, turn its end into a result or an error."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks.errors import ERRORS_BY_NAME, FinetuneError, ResourceError, TransientError
from tasks.runtime.child import EVENTS_VARIABLE, STOPPED_EXIT_CODE
from tasks.settings import PROJECT_ROOT, home

GRACE_S = 20.0
POLL_S = 1.0
LOG_TAIL_LINES = 15


def run_child(
    target: str,
    payload: Mapping[str, Any],
    workdir: Path,
    *,
    on_progress: Callable[[dict[str, Any]], None] = lambda _event: None,
    should_stop: Callable[[], bool] = lambda: False,
    timeout_s: float | None = None,
) -> Any:
    """Run `package.module:function` in a child process and return its JSON result.

    The function is called as `function(payload, events, stop)`.

    Args:
        target: What to run; it must be importable.
        payload: JSON the function is given.
        workdir: Holds the payload and `child.log`.
        on_progress: Called with each progress event.
        should_stop: Asked about once a second; True ends the child as a cancellation does.
        timeout_s: Wall-clock limit in seconds, from when the child has its devices; None means none.

    Raises:
        FinetuneError: Whatever error of the project the child raised, or that it was stopped because its run had
            ended; `TransientError` when it was killed, `ResourceError` when the limit passed.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    payload_path, log_path = workdir / "payload.json", workdir / "child.log"
    payload_path.write_text(json.dumps(payload))
    read_end, write_end = os.pipe()
    with log_path.open("ab") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tasks.runtime.child", target, str(payload_path)],
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            cwd=workdir,
            env=_environment(write_end),
            pass_fds=[write_end],
        )
    os.close(write_end)
    try:
        last = _follow(process, read_end, on_progress, should_stop, timeout_s)
    except BaseException:
        # Cancellation arrives as a BaseException in the main thread: the child gets its chance to save, then goes.
        _stop(process)
        raise
    finally:
        os.close(read_end)
    return _result(process.wait(), last, log_path)


def _environment(events_descriptor: int) -> dict[str, str]:
    paths = [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        # Absolute: the child works in a folder of its own.
        "FINETUNE_FLOWS_HOME": str(home()),
        EVENTS_VARIABLE: str(events_descriptor),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _follow(
    process: "subprocess.Popen[bytes]",
    read_end: int,
    on_progress: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
    timeout_s: float | None,
) -> dict[str, Any] | None:
    """Read events until the child closes its pipe; return the last one that is a result or an error."""
    deadline: float | None = None
    last: dict[str, Any] | None = None
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(read_end, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_S):
                chunk = os.read(read_end, 65536)
                if not chunk:
                    return last
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["event"] == "progress":
                        on_progress(event)
                    elif event["event"] == "working":
                        deadline = None if timeout_s is None else time.monotonic() + timeout_s
                    else:
                        last = event
            if process.poll() is not None and not selector.select(0):
                return last
            if should_stop():
                # Not transient: a retry would start the work of a cancelled run again.
                raise FinetuneError(
                    "the run was ended on the server while its child process worked. Start it again if it is still "
                    "wanted: finished stages and checkpoints stay."
                )
            if deadline is not None and time.monotonic() > deadline:
                raise ResourceError(f"the child process passed its limit of {timeout_s:.0f} s. Raise it or do less")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _result(code: int, last: dict[str, Any] | None, log_path: Path) -> Any:
    if code == 0 and last and last["event"] == "result":
        return last["value"]
    tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
    if last and last["event"] == "error":
        raise ERRORS_BY_NAME.get(last["type"], FinetuneError)(f"{last['message']}\nLog: {log_path}")
    if code == STOPPED_EXIT_CODE:
        raise TransientError(f"the child process was stopped from outside and saved its work. Log: {log_path}")
    if code == -signal.SIGKILL:
        raise TransientError(
            f"the child process was killed (SIGKILL): by hand, or by the kernel because memory ran out (see `dmesg`). "
            f"A run from where it stopped follows if retries are left. Log: {log_path}\n{tail}"
        )
    how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
    raise FinetuneError(f"the child process {how} and gave no result. Log: {log_path}\n{tail}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

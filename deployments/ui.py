"""`make ui`: server, work pools, workers and deployments on this machine, until Ctrl-C.

    UI_PORT=4200 python -m deployments.ui

All state lies below `<home>/prefect`. Everything this starts ends with it: it makes itself the parent of orphans, so a
run's process whose worker is gone is found and stopped too.
"""

import ctypes
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

from deployments.bootstrap import GPU_RUNS_AT_ONCE
from tasks.errors import FinetuneError
from tasks.settings import PROJECT_ROOT, home

log = logging.getLogger("deployments.ui")

HOST = "127.0.0.1"
START_S = 120.0
GRACE_S = 25.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PRCTL = ctypes.CDLL(None, use_errno=True).prctl


class _EndAskedError(Exception):
    """Somebody asked for the end."""


def environment(port: int) -> dict[str, str]:
    """Return the settings that server, workers and runs share."""
    state = home() / "prefect"
    return {
        "PREFECT_HOME": str(state),
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(state / "storage"),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_UI_URL": f"http://{HOST}:{port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "DO_NOT_TRACK": "1",
        # Leases in memory are lost when the server restarts, and runs under a limit then end as Crashed.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,flows",
        "FINETUNE_FLOWS_HOME": str(home()),
        "FINETUNE_FLOWS_PROJECT": str(PROJECT_ROOT),
    }


def main() -> int:
    """Start everything, say where it is, wait for the end, stop everything."""
    port = int(os.environ.get("UI_PORT") or 4200)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("deployments").setLevel(logging.INFO)
    os.environ.update(environment(port))
    _PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _claim_home()
        _start(port, children)
        log.info("\nThe UI is at http://%s:%d  (Ctrl-C ends it)\nLogs: %s\n", HOST, port, _logs())
        return _wait(children)
    except _EndAskedError:
        return 0
    except FinetuneError as error:
        log.error("%s", error)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        log.info("stopping")
        stop_all(children.get("server"))


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _EndAskedError


def _claim_home() -> None:
    """Hold the home for this server alone, until this process ends."""
    path = home() / "locks" / "ui.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FinetuneError(
            f"another `make ui` works on {home()}. End it first, or set FINETUNE_FLOWS_HOME to another folder"
        ) from None


def _start(port: int, children: "dict[str, subprocess.Popen[bytes]]") -> None:
    children["server"] = _spawn(
        "server", "deployments.server", ["server", "start", "--host", HOST, "--port", str(port)]
    )
    _wait_for_server(port, children["server"])
    # In processes of their own: this one stays free of threads, which the start of children below relies on.
    _run("deployments.leftovers", "its worker ended with the last `make ui`")
    _run("deployments.bootstrap")
    for pool, limit in (("cpu", []), ("gpu", ["--limit", str(GPU_RUNS_AT_ONCE)])):
        command = ["worker", "start", "--pool", pool, "--type", "process", "--name", f"{pool}-{os.getpid()}", *limit]
        children[f"{pool}-worker"] = _spawn(f"{pool}-worker", "prefect", command)


def _spawn(name: str, module: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
    log_path = _logs() / f"{name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as file:
        # A process group of its own: Ctrl-C reaches this process alone, which then stops the others in order.
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=PROJECT_ROOT,
            process_group=0,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has no threads
        )
    log.info("started the %s (process %d)", name, process.pid)
    return process


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=PROJECT_ROOT, check=False)
    if done.returncode != 0:
        raise FinetuneError(f"{module} failed (code {done.returncode}); what it said stands above")


def _end_with_parent() -> None:
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _logs() -> Path:
    return home() / "logs" / "ui"


def _wait_for_server(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise FinetuneError(
                f"the server ended at once (code {server.returncode}); the port {port} may be taken: try "
                f"`make ui UI_PORT={port + 1}`. Its log: {_logs() / 'server.log'}"
            )
        url = f"http://{HOST}:{port}/api/ready"
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.5)
    raise FinetuneError(f"the server did not answer within {START_S:.0f} s. Its log: {_logs() / 'server.log'}")


def _wait(children: "dict[str, subprocess.Popen[bytes]]") -> int:
    """Return when a child ends by itself: then something is wrong."""
    while True:
        for name, process in children.items():
            if process.poll() is not None:
                log.error("the %s ended by itself (code %d); its log: %s", name, process.returncode, _logs())
                return 1
        time.sleep(1)


def stop_all(server: "subprocess.Popen[bytes] | None" = None) -> None:
    """End every process below this one: workers and runs first, while there is a server to tell of it, then the server.

    Each gets the chance to save before it is killed. Orphans come to this process, so later rounds reach what earlier
    ones set free.
    """
    if server is not None:
        _stop_below({server.pid, *descendants(server.pid)})
        if server.poll() is None:
            with suppress(FinetuneError):
                _run("deployments.leftovers", "`make ui` was ended while it ran")
    _stop_below(set())


def _stop_below(spared: set[int]) -> None:
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience
        told: set[int] = set()
        while below := set(descendants(os.getpid())) - spared:
            for pid in below - told:
                told.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if time.monotonic() > deadline:
                break
            _reap()
            time.sleep(0.1)
        else:
            return


def _reap() -> None:
    """Collect the dead, also those that became ours when their parent ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def descendants(root: int) -> Iterator[int]:
    """Yield the processes below one, dead ones that nobody collected left out."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry.name))
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        yield from below
        waiting += below


if __name__ == "__main__":
    sys.exit(main())

"""A server that runs for as long as it is asked and leaves nothing behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import ProofError, ResourceError
from tasks.inference.client import Client
from tasks.inference.guard import GRACE_S
from tasks.inference.vllm import ENVIRONMENT, vllm_command

POLL_S = 0.5
TAIL_LINES = 25
REPORT_EVERY_S = 5.0


@dataclass(frozen=True)
class Start:
    """How a server is started.

    Attributes:
        command: The command for a port.
        model: The name it serves the model under.
        log_path: Where its output goes.
        timeout_s: How long it may take to be ready, seconds.
        timeout_setting: The parameter that says so, for the error's text.
        environment: Variables beside those of this process; `PORT` is set to the port.
    """

    command: Callable[[int], list[str]]
    model: str
    log_path: Path
    timeout_s: float
    timeout_setting: str
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def running_server(start: Start, on_wait: Callable[[float], None]) -> Iterator[Client]:
    """Start a server on a free port and yield a client once it is ready.

    Args:
        start: What is started.
        on_wait: Called with the seconds waited so far; may raise to give up.

    Raises:
        ProofError: It ended before it was ready.
        ResourceError: It was not ready in time.
    """
    port = free_port()
    with start.log_path.open("wb") as log_file:
        guard = subprocess.Popen(
            [sys.executable, "-m", "tasks.inference.guard", *start.command(port)],
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            env={**os.environ, **start.environment, "PORT": str(port)},
        )
    client = Client(port, start.model)
    try:
        _wait_until_ready(guard, client, start, on_wait)
        yield client
    finally:
        client.close()
        _stop(guard)


@contextmanager
def running_vllm(
    python: str,
    model: Path,
    settings: Mapping[str, Any],
    log_path: Path,
    timeout_s: float,
    timeout_setting: str,
    on_wait: Callable[[float], None],
) -> Iterator[Client]:
    """Serve a model folder with vLLM and yield a client that asks for the folder's model.

    Args:
        python: Interpreter of the vLLM environment.
        model: The model folder.
        settings: vLLM's options, as `vllm_command` takes them; `served-model-name` is the folder's name unless given.
        log_path: The server's output.
        timeout_s: How long it may take to be ready, seconds.
        timeout_setting: The parameter that says so.
        on_wait: Called with the seconds waited so far; may raise to give up.

    Raises:
        ProofError: It ended before it was ready.
        ResourceError: It was not ready in time.
    """
    name = settings.get("served-model-name", model.name)
    name = name if isinstance(name, str) else name[0]
    given = {**settings, "served-model-name": [name]}

    def command(port: int) -> list[str]:
        return vllm_command(python, model.absolute(), port, given)

    environment = {**ENVIRONMENT, **{key: os.environ[key] for key in ENVIRONMENT if key in os.environ}}
    with running_server(Start(command, name, log_path, timeout_s, timeout_setting, environment), on_wait) as client:
        yield client


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tail(log_path: Path) -> str:
    """Return the end of the server's log."""
    return "\n".join(log_path.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def _wait_until_ready(
    guard: "subprocess.Popen[bytes]", client: Client, start: Start, on_wait: Callable[[float], None]
) -> None:
    started = time.monotonic()
    reported = started
    while not client.ready():
        now = time.monotonic()
        if guard.poll() is not None:
            raise ProofError(
                f"the server ended with code {guard.returncode} before it was ready: this model or these settings do "
                f"not serve. The end of its log ({start.log_path}):\n{tail(start.log_path)}"
            )
        if now - started > start.timeout_s:
            raise ResourceError(
                f"the server was not ready after {start.timeout_s:.0f} s: raise {start.timeout_setting}. The end of "
                f"its log ({start.log_path}):\n{tail(start.log_path)}"
            )
        if now - reported >= REPORT_EVERY_S:
            reported = now
            on_wait(now - started)
        time.sleep(POLL_S)


def _stop(guard: "subprocess.Popen[bytes]") -> None:
    """Have the guard end the server's whole session; it needs up to two grace periods for that."""
    guard.terminate()
    try:
        guard.wait(3 * GRACE_S)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()

"""A server that runs for the length of a proof and leaves nothing behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import ProofError, ResourceError
from tasks.serving.client import Client
from tasks.serving.guard import GRACE_S

POLL_S = 0.5
TAIL_LINES = 25
REPORT_EVERY_S = 5.0


@contextmanager
def running_server(
    directory: Path, python: str, model: str, log_path: Path, timeout_s: float, on_wait: Callable[[float], None]
) -> Iterator[Client]:
    """Start a served directory's own `serve.sh` on a free port and yield a client once it is ready.

    Args:
        directory: Holds `serve.sh`.
        python: Interpreter of the vLLM environment.
        model: The served name.
        log_path: The server's output.
        timeout_s: How long it may take to be ready.
        on_wait: Called with the seconds waited so far; may raise to give up.

    Raises:
        ProofError: It ended before it was ready.
        ResourceError: It was not ready in time.
    """
    port = free_port()
    with log_path.open("wb") as log_file:
        guard = subprocess.Popen(
            [sys.executable, "-m", "tasks.serving.guard", str(directory / "serve.sh")],
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            env={**os.environ, "VLLM_PYTHON": python, "PORT": str(port)},
        )
    client = Client(port, model)
    try:
        _wait_until_ready(guard, client, log_path, timeout_s, on_wait)
        yield client
    finally:
        client.close()
        _stop(guard)


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
    guard: "subprocess.Popen[bytes]", client: Client, log_path: Path, timeout_s: float, on_wait: Callable[[float], None]
) -> None:
    started = time.monotonic()
    reported = started
    while not client.ready():
        now = time.monotonic()
        if guard.poll() is not None:
            raise ProofError(
                f"the server ended with code {guard.returncode} before it was ready: this model or these settings do "
                f"not serve. The end of its log ({log_path}):\n{tail(log_path)}"
            )
        if now - started > timeout_s:
            raise ResourceError(
                f"the server was not ready after {timeout_s:.0f} s: raise serving.start_timeout_s. The end of its log "
                f"({log_path}):\n{tail(log_path)}"
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

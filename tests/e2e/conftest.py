"""The real stack of `make ui` on a free port, in a home of its own, and a browser."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from tasks.settings import PROJECT_ROOT

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_S = 300
STOP_S = 60
BUSY_ATTEMPTS = 30


def ask(method: str, address: str, body: Any = None) -> Any:
    """Call the server's API and return its answer; a busy database (503) is asked again, as Prefect's clients do."""
    for _attempt in range(BUSY_ATTEMPTS):
        answer = httpx.request(method, address, json=body, timeout=30)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(1)
    return answer.raise_for_status().json()


@dataclass(frozen=True)
class Stack:
    """A running stack: its process, its address, its home."""

    process: "subprocess.Popen[bytes]"
    address: str
    home: Path

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by its name, which is its flow's too."""
        return ask("GET", f"{self.address}/api/deployments/name/{name}/{name}")

    def run(self, name: str, timeout_s: float = 60) -> dict[str, Any]:
        """Return the flow run of a name as soon as the server knows it."""
        wanted = {"flow_runs": {"name": {"any_": [name]}}}
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := ask("POST", f"{self.address}/api/flow_runs/filter", wanted):
                return found[0]
            time.sleep(0.5)
        raise AssertionError(f"the server knows no run '{name}'")

    def wait(self, run_id: str, timeout_s: float = 700, states: Collection[str] = ()) -> dict[str, Any]:
        """Return a flow run when it has ended, however it ended, or came to one of these states."""
        deadline = time.monotonic() + timeout_s
        while True:
            run = ask("GET", f"{self.address}/api/flow_runs/{run_id}")
            if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED", *states}:
                return run
            assert time.monotonic() < deadline, f"still {run['state_name']} after {timeout_s} s"
            time.sleep(1)

    def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def processes(self) -> list[int]:
        """Return the processes that work on this home, whoever started them."""
        mark = f"FINETUNE_FLOWS_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start `make ui` and end it; nothing of it may stay."""
    home = tmp_path_factory.mktemp("stack")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "ui.log"
    environment = {**os.environ, "FINETUNE_FLOWS_HOME": str(home), "UI_PORT": str(port)}
    environment.pop("FINETUNE_FLOWS_INPUT_ROOTS", None)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.ui"], cwd=PROJECT_ROOT, env=environment, stdout=file, stderr=file
        )
    stack = Stack(process, f"http://127.0.0.1:{port}", home)
    try:
        deadline = time.monotonic() + START_S
        while "The UI is at" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        yield stack
    finally:
        if process.poll() is None:
            stack.stop()
    assert stack.processes() == []


@pytest.fixture
def page(stack: Stack) -> Iterator[Page]:
    """Open a page in Debian's chromium."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(60_000)
        yield page
        browser.close()

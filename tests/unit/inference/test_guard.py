import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.settings import PROJECT_ROOT

# A server with a worker of its own; the worker does not listen to SIGTERM.
SERVER = """
import os, pathlib, signal, subprocess, sys, time
here = pathlib.Path(sys.argv[1])
if len(sys.argv) > 2:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (here / "worker").write_text(str(os.getpid()))
    time.sleep(600)
subprocess.Popen([sys.executable, __file__, str(here), "worker"])
(here / "server").write_text(str(os.getpid()))
time.sleep(600)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}


def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return [sys.executable, "-m", "tasks.inference.guard", sys.executable, str(script), str(tmp_path)]


def wait_for(condition: object, what: str) -> None:
    for _ in range(600):
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen")


def started(tmp_path: Path) -> tuple[int, int]:
    files = [tmp_path / "server", tmp_path / "worker"]
    wait_for(lambda: all(file.is_file() and file.read_text() for file in files), "the start of server and worker")
    server, worker = (int(file.read_text()) for file in files)
    return server, worker


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_stop_ends_the_server_and_its_deaf_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; from tasks.inference import guard; guard.GRACE_S = 0.5; sys.exit(guard.main(sys.argv[1:]))"
    guard = subprocess.Popen([sys.executable, "-c", code, *command(tmp_path)[3:]], env=ENVIRONMENT)
    server, worker = started(tmp_path)
    guard.terminate()
    guard.wait()
    assert not alive(server)
    assert not alive(worker)


def test_the_death_of_the_caller_ends_them_too(tmp_path: Path) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()", *command(tmp_path)],
        env=ENVIRONMENT,
    )
    server, worker = started(tmp_path)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    wait_for(lambda: not alive(server) and not alive(worker), "the end of server and worker")


def test_a_server_that_ends_by_itself_hands_on_its_code() -> None:
    guard = [sys.executable, "-m", "tasks.inference.guard", sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(guard, env=ENVIRONMENT, check=False).returncode == 7


def test_the_project_is_not_on_the_servers_path() -> None:
    code = "import os, sys; sys.exit('PYTHONPATH' in os.environ)"
    guard = [sys.executable, "-m", "tasks.inference.guard", sys.executable, "-c", code]
    assert subprocess.run(guard, env=ENVIRONMENT, check=False).returncode == 0

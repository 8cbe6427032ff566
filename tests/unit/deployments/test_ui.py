"""`make ui` without a server: its processes, its claim on the home, its settings."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from deployments.ui import descendants, environment
from tasks.settings import PROJECT_ROOT

TREE = """
import subprocess, sys, time
own_session = "import time; time.sleep(300)"
subprocess.Popen([sys.executable, "-c", own_session], start_new_session=True)
print("ready", flush=True)
{then}
"""

STOP = """
import ctypes, subprocess, sys
from deployments import ui
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
ui.GRACE_S = 1.0
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
assert child.stdout is not None
child.stdout.readline()
{wait}
ui.stop_all()
print(len(list(ui.descendants(__import__("os").getpid()))))
"""


def stopped(tree: str, wait: str = "") -> str:
    command = [sys.executable, "-c", STOP.format(wait=wait), tree]
    return subprocess.run(
        command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_stop_ends_children_and_their_children() -> None:
    assert stopped(TREE.format(then="time.sleep(300)")) == "0"


def test_stop_ends_orphans_with_a_session_of_their_own() -> None:
    assert stopped(TREE.format(then=""), wait="child.wait()") == "0"


def test_stop_kills_what_does_not_listen() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + TREE.format(then="time.sleep(300)")
    assert stopped(deaf) == "0"


def test_descendants_are_found_at_every_depth() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TREE.format(then="time.sleep(300)")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        found = list(descendants(os.getpid()))
        assert process.pid in found
        (grandchild,) = descendants(process.pid)
        assert grandchild in found
        os.kill(grandchild, signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()


def test_everything_lies_below_the_home_and_leases_outlive_the_server(home: Path) -> None:
    settings = environment(4321)
    assert settings["PREFECT_HOME"] == str(home / "prefect")
    assert settings["PREFECT_UI_API_URL"] == "http://127.0.0.1:4321/api"
    assert settings["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith("filesystem")
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_a_second_one_on_the_same_home_is_refused(home: Path) -> None:
    import fcntl

    path = home / "locks" / "ui.lock"
    path.parent.mkdir(parents=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = subprocess.run(
            [sys.executable, "-m", "deployments.ui"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "another `make ui` works on" in done.stderr

"""What a program in the sandbox can do, and what it cannot: every one of these is really run."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.metrics import sandbox as module
from tasks.metrics.sandbox import Sandbox

NO_CHANGE = "pass"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(timeout_s=10, memory_mb=512, where="here")


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def f(x): return x + 1", "assert f(1) == 2"),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int' = 1", "assert A().x == 1"),
        ("import tempfile", "with tempfile.TemporaryFile() as file: file.write(b'x')"),
        ("import os", "assert os.listdir('.') == [] and os.getpid() == 2"),
        ("raised = False\nif __name__ == '__main__':\n    raised = True", "assert not raised"),
        ("import pydantic", "assert pydantic.VERSION"),
        ("print('x' * 100_000)", NO_CHANGE),
        ("x = '\\ud800'", "assert x == chr(0xD800)"),
    ],
)
def test_programs_that_pass(sandbox: Sandbox, code: str, tests: str) -> None:
    assert sandbox.run(code, tests) == ""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("assert False, 'no'", "AssertionError: no"),
        ("import sys; sys.exit(0)", "ended before its tests did (exit code 0)"),
        ("import os; os._exit(0)", "ended before its tests did (exit code 0)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by signal 11"),
        ("x = bytearray(10**9)", "MemoryError"),
        (
            "import socket; socket.create_connection(('127.0.0.1', 22), 2)",
            "OSError: [Errno 101] Network is unreachable",
        ),
        ("open('/usr/x', 'w')", "Read-only file system"),
        ("open('/x', 'w')", "Permission denied"),
        ("open('/etc/passwd')", "No such file"),
        ("open('/proc/self/environ')", "No such file"),
        ("open('/dev/null')", "No such file"),
        ("import os; os.kill(1, 9); os.setuid(0)", "Operation not permitted"),
        ("import os; os.chroot('/sandbox')", "Operation not permitted"),
        (
            "with open('big', 'wb') as file:\n    for _ in range(99):\n        file.write(bytes(2**20))",
            "File too large",
        ),
        (
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "libc.unshare(0x10000000)\nraise OSError(ctypes.get_errno(), 'new users')",
            "[Errno 1]",
        ),
        (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "libc.mount(b'none', b'/usr', None, 32 | 4096, None)\nraise OSError(ctypes.get_errno(), 'mount')",
            "[Errno 1]",
        ),
        # Bounded, so that a broken limit does no harm.
        (
            "import os, time\nfor _ in range(60):\n    if not os.fork():\n        time.sleep(2)\n        os._exit(0)",
            "[Errno 11]",
        ),
    ],
)
def test_programs_that_do_not(sandbox: Sandbox, code: str, why: str) -> None:
    assert why in sandbox.run(code, NO_CHANGE)


def test_nothing_of_this_machine_is_in_sight(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    (tmp_path / "secret").write_text("hunter2")
    code = f"import os\nassert 'SECRET_KEY' not in os.environ\nassert not os.path.exists({str(tmp_path)!r})"
    assert sandbox.run(code, NO_CHANGE) == ""


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import signal, time\nfor n in (1, 2, 3, 14, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)",
        "import os, time\nif os.fork(): time.sleep(60)\nelse:\n    os.setsid(); time.sleep(60)",
    ],
)
def test_time_is_limited_whatever_a_program_does(code: str) -> None:
    short = Sandbox(timeout_s=1.0, memory_mb=512, where="here")
    start = time.monotonic()
    assert short.run(code, NO_CHANGE) == "no end within 1 s"
    assert time.monotonic() - start < 8


UNPRIVILEGED = """
import os, ctypes
libc, started = ctypes.CDLL(None, use_errno=True), 0
try:
    for _ in range(60):
        if not os.fork():
            os.read(0, 1)
            os._exit(0)
        started += 1
except BlockingIOError:
    pass
assert started < 48, started
assert libc.mount(b"none", b"/usr", None, 32 | 4096, None) == -1 and libc.unshare(0x10000000) == -1
for path in ("/usr/x", "/x", "/etc/passwd"):
    try:
        open(path, "r+" if os.path.exists(path) else "w")
    except OSError:
        continue
    raise AssertionError(path)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/bin/python3").exists(), reason="only root can become another user"
)
def test_who_is_not_root_is_isolated_by_a_user_namespace() -> None:
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    if subprocess.run([*become, "unshare", *module.OWN_USERS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine has no user namespaces for others than root")
    order = {
        "root": False, "processes": 48, "folders": ["/usr", "/lib", "/lib64", "/bin"], "python": "/usr/bin/python3",
        "code": UNPRIVILEGED, "tests": "pass", "done": "all is well", "timeout_s": 20, "memory_mb": 512,
    }  # fmt: skip
    # Not below the tests' own folder, which other users can't enter.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root, script = Path(folder, "root"), Path(folder, "script.py")
        root.mkdir()
        os.chown(root, 65534, 65534)
        script.write_text(module.ROOT_SCRIPT.read_text())
        command = [
            *become,
            "unshare",
            *module.OWN_USERS,
            *module.NAMESPACES,
            "/usr/bin/python3",
            "-I",
            "-S",
            str(script),
        ]
        done = subprocess.run(
            [*command, str(root)], input=json.dumps(order), text=True, capture_output=True, check=False, cwd="/"
        )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("all is well", "", 0)


def test_memory_is_a_parameter() -> None:
    assert Sandbox(timeout_s=10, memory_mb=1024, where="here").run("x = bytearray(600 << 20)", NO_CHANGE) == ""


def test_without_isolation_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "/nowhere")
        with pytest.raises(
            ConfigError, match="unit_tests_file: code can't be run here safely: there is no program unshare"
        ):
            Sandbox(10, 512, "unit_tests_file")
    with monkeypatch.context() as patch:
        patch.setattr(module, "NAMESPACES", tuple(word for word in module.NAMESPACES if word != "--net"))
        with pytest.raises(ConfigError, match="a network is in reach"):
            Sandbox(10, 512, "here")
    with monkeypatch.context() as patch:
        patch.setattr(module, "NAMESPACES", (*module.NAMESPACES, "--no-such-option"))
        with pytest.raises(ConfigError, match="can't be run here safely"):
            Sandbox(10, 512, "here")
    with monkeypatch.context() as patch:
        patch.setattr(
            module,
            "_folders",
            lambda: ["/usr", "/lib", "/lib64", "/bin", "/etc", module.sys.prefix, module.sys.base_prefix],
        )
        with pytest.raises(ConfigError, match="the system is in reach"):
            Sandbox(10, 512, "here")

"""Runs a model's code with its unit tests where it can harm nothing.

Namespaces of its own (util-linux's `unshare`): no network, no other process in sight, and of the file system only the
interpreter and the system's libraries, read-only, and an empty folder in memory. No privileges, limits of memory,
time, file size and processes. Where the kernel does not allow that, nothing is run at all. Tests share the answer's
process, as they do in HumanEval: a program that sets out to deceive its own tests can; one that ends early or babbles
does not pass.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tasks.errors import ConfigError
from tasks.metrics.sandbox_root import TIMED_OUT

ROOT_SCRIPT = Path(__file__).with_name("sandbox_root.py")
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child=SIGKILL")
# Who is not root gets the right to the others by a user namespace.
OWN_USERS = ("--user", "--map-root-user")
PROCESSES = 48
START_S = 10.0
MOST_SHOWN = 300


class Sandbox:
    """A place for programs; asked for once, used for many.

    Args:
        timeout_s: Longest run of one program, seconds.
        memory_mb: Address space of one process, MB.
        where: The parameter that asks for it, for messages.

    Raises:
        ConfigError: No isolation can be had on this machine.
    """

    def __init__(self, timeout_s: float, memory_mb: int, where: str) -> None:
        self._timeout_s, self._memory_mb = timeout_s, memory_mb
        if problem := self._isolation_problem():
            raise ConfigError(
                f"{where}: code can't be run here safely: {problem}. Allow unprivileged user namespaces on this "
                "machine "
                "(Linux, package util-linux), or leave unit_tests_file empty: nothing is run then."
            )

    def run(self, code: str, tests: str) -> str:
        """Run code and then its tests in one process, and return why they fail; empty when they pass."""
        return self._run(code, tests)[0]

    def _isolation_problem(self) -> str:
        if sys.platform != "linux" or shutil.which("unshare") is None:
            return "there is no program unshare"
        # Tried out, not assumed: a program that sees a network or a file of this machine, or can write, is not
        # isolated.
        try:
            failed, said = self._run("import os, socket", _PROOF.format(outside=str(ROOT_SCRIPT), processes=PROCESSES))
        except OSError as error:
            return str(error)
        return said or failed

    def _run(self, code: str, tests: str) -> tuple[str, str]:
        """Return why a program fails, and what it wrote to its error stream last."""
        done = secrets.token_hex(16)
        root_user = os.geteuid() == 0
        order = {
            "root": root_user,
            "processes": PROCESSES,
            "folders": _folders(),
            "python": sys.executable,
            "code": code,
            "tests": tests,
            "done": done,
            "timeout_s": self._timeout_s,
            "memory_mb": self._memory_mb,
        }
        with (
            tempfile.TemporaryDirectory(prefix="sandbox-") as root,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as wrong,
        ):
            command = [
                "unshare",
                *(() if root_user else OWN_USERS),
                *NAMESPACES,
                sys.executable,
                "-I",
                "-S",
                str(ROOT_SCRIPT),
                root,
            ]
            try:
                ended = subprocess.run(
                    command,
                    input=json.dumps(order).encode(),
                    stdout=said,
                    stderr=wrong,
                    cwd=root,
                    env={"PATH": os.defpath},
                    timeout=self._timeout_s + START_S,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                return f"no end within {self._timeout_s:g} s", ""
            said.seek(0)
            wrong.seek(0)
            if said.read().rstrip().endswith(done.encode()):
                return "", ""
            lines = wrong.read().decode(errors="replace").strip().splitlines()
        last = lines[-1][:MOST_SHOWN] if lines else ""
        return _reason(ended, last, self._timeout_s), last


def _reason(code: int, last: str, timeout_s: float) -> str:
    # Processor time that runs out ends a program by signal 9, as the kernel's memory killer does.
    if code in {TIMED_OUT, 128 + 9}:
        return f"no end within {timeout_s:g} s" if code == TIMED_OUT else "killed: too much time or memory"
    if last:
        return last
    return f"ended by signal {code - 128}" if code > 128 else f"ended before its tests did (exit code {code})"


def _folders() -> list[str]:
    """Return what the interpreter needs: its prefixes and the system's libraries; none within another."""
    named = {
        "/usr",
        "/lib",
        "/lib64",
        "/lib32",
        "/bin",
        sys.prefix,
        sys.base_prefix,
        str(Path(sys.executable).resolve().parent),
    }
    found: list[str] = []
    for folder in sorted(named):
        if Path(folder).exists() and not any(Path(folder).is_relative_to(outer) for outer in found):
            found.append(folder)
    return found


_PROOF = """
import os, signal, socket, sys
with socket.socket() as probe:
    probe.settimeout(1)
    try:
        probe.connect(("192.0.2.1", 9))
    except OSError as error:
        assert error.errno == 101, f"a network is in reach ({{error}})"
    else:
        raise AssertionError("a network is in reach")
assert not os.path.exists({outside!r}) or {outside!r}.startswith((sys.prefix, "/usr/")), "files are in reach"
assert not os.path.exists("/etc/passwd") and not os.path.exists("/proc/1"), "the system is in reach"
for folder in ("/usr", sys.prefix):
    try:
        open(folder + "/finetune-flows-probe", "w").close()
    except OSError:
        pass
    else:
        raise AssertionError(folder + " can be written to")
try:
    for _number in range({processes} + 8):
        if os.fork() == 0:
            signal.pause()
except BlockingIOError:
    pass
else:
    raise AssertionError("the number of processes has no limit")
"""

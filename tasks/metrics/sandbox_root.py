"""Builds the sandbox's file system and runs one program in it.

Started by `sandbox.py` within new namespaces, it needs no other module of the project. The root becomes a file system
in memory with read-only views of the interpreter's folders; then all privileges are given up, limits are set, and the
interpreter starts anew in it.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 4096, 16384, 1 << 18, 2, 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAP = 24, 38, 63
DISK, FILE_SIZE, FILES = "size=64m,nr_inodes=4096,mode=755", 16 << 20, 64
NOBODY, TIMED_OUT = 65534, 124

_libc = ctypes.CDLL(None, use_errno=True)

# `__main__` blocks of the answer are no part of it; a dataclass looks its module up by name.
_DRIVER = """
import os, sys, types
module = types.ModuleType("answer")
sys.modules["answer"] = module
for name in ("answer.py", "tests.py"):
    with open("/" + name, encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), module.__dict__)
sys.stdout.flush()
os.write(1, b"\\n" + {done!r})
"""


def main(root: Path) -> None:
    """Read the order from the standard input, build the file system at `root`, become the program."""
    order = json.load(sys.stdin)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", str(root), "tmpfs", MS_NOSUID | MS_NODEV, DISK)
    for name in order["folders"]:
        _show(Path(name), root)
    for name, text in (("answer.py", order["code"]), ("tests.py", order["tests"])):
        # A model may write half a surrogate pair, which is no text.
        (root / name).write_text(text, encoding="utf-8", errors="replace")
    (root / "driver.py").write_text(_DRIVER.format(done=order["done"].encode()), encoding="utf-8")
    (root / "sandbox").mkdir()
    # Real root keeps out of its own limits (the kernel counts no processes for it), so the program runs as nobody.
    user = NOBODY if order["root"] else 0
    os.chown(root / "sandbox", user, user)
    root.chmod(0o555)
    os.chroot(root)
    os.chdir("/sandbox")
    child = os.fork()
    if child == 0:
        _become(order, user)
    sys.exit(_wait(child, order["timeout_s"]))


def _become(order: dict[str, Any], user: int) -> NoReturn:
    """Turn this process into the program."""
    os.setsid()
    _limit(order)
    _give_up_privileges(user)
    # The environment is made here, so the interpreter may read it: a fixed seed makes sets come out in one order.
    environment = {"HOME": "/sandbox", "TMPDIR": "/sandbox", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    environment |= {name: "1" for name in ("PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.execve(order["python"], [order["python"], "-s", "-P", "/driver.py"], environment)  # noqa: S606


def _wait(child: int, timeout_s: float) -> int:
    """Wait for the program and return its exit code. This is process 1: when it ends, the kernel ends all others.

    A timer, not a time-out of the caller's: it holds when the caller is gone.
    """
    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(TIMED_OUT))
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    while True:
        process, status = os.wait()
        if process == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _show(folder: Path, root: Path) -> None:
    """Make a folder visible below the new root, read-only; a link stays the link it is."""
    place = root / folder.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        place.symlink_to(folder.readlink())
        return
    place.mkdir(exist_ok=True)
    _mount(str(folder), str(place), None, MS_BIND | MS_REC)
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0, 0)
    _checked(
        _libc.syscall(
            SYS_MOUNT_SETATTR, AT_FDCWD, str(place).encode(), AT_RECURSIVE, attributes, ctypes.sizeof(attributes)
        ),
        f"read-only view of {folder}",
    )


def _limit(order: dict[str, Any]) -> None:
    seconds = math.ceil(order["timeout_s"])
    memory = int(order["memory_mb"]) << 20
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, order["processes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _give_up_privileges(user: int) -> None:
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    for capability in range(LAST_CAP + 1):
        # The kernel knows fewer than there is room for.
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), data.encode() if data else None), f"mount on {target}")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

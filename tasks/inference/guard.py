"""Runs a server so that nothing of it outlives its caller: `python -m tasks.inference.guard COMMAND...`.

The server gets a session of its own, and so do the processes it starts. The guard ends all of that session when it is
told to stop, when its caller dies (the kernel tells it), or when the server's main process ends by itself.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 10.0
POLL_S = 0.1


def main(command: list[str]) -> int:
    """Run a command until it ends or a stop is asked for; return its exit code."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # Orphans of the server come here to be reaped: a dead one must not look alive.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:
        return 0
    # The server's environment is its own: this project's modules are no part of it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment)
    while server.poll() is None and not asked:
        time.sleep(POLL_S)
    _end_group(server)
    return server.wait()


def _end_group(server: "subprocess.Popen[bytes]") -> None:
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        deadline = time.monotonic() + patience
        _signal_group(server.pid, number)
        while time.monotonic() < deadline:
            server.poll()
            _reap()
            if not _signal_group(server.pid, 0):
                return
            time.sleep(POLL_S)


def _reap() -> None:
    """Collect orphans that have ended. A server that ends only now loses its exit code, which nobody asks for then."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

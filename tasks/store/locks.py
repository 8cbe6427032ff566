"""File locks that the kernel frees when their holder dies, however it dies."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

POLL_S = 0.2
REMIND_S = 30.0


@contextmanager
def file_lock(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold an exclusive `flock` on a file, waiting for it as long as it takes.

    Args:
        path: The lock file; created, and never removed (removing it would let two holders in).
        waiting_for: What to call it in the log line printed while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        next_reminder = time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= next_reminder:
                    file.seek(0)
                    log.info("waiting for %s, held by process %s", waiting_for, file.read().strip() or "unknown")
                    next_reminder = time.monotonic() + REMIND_S
                time.sleep(POLL_S)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield

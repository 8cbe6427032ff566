"""File locks that the kernel frees when their holder dies, however it dies."""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

POLL_S = 0.2
REMIND_S = 30.0


@contextmanager
def file_lock(
    path: Path,
    waiting_for: str,
    *,
    on_wait: Callable[[str], None] = log.info,
    check: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold an exclusive `flock` on a file, waiting for it as long as it takes.

    Args:
        path: The lock file; created, and never removed (removing it would let two holders in).
        waiting_for: What to call it in the sentence said while waiting.
        on_wait: Told that sentence at once and then every half minute.
        check: Called at each try; raises to give up waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        next_reminder = time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                check()
                if time.monotonic() >= next_reminder:
                    file.seek(0)
                    on_wait(f"waiting for {waiting_for}, held by process {file.read().strip() or 'unknown'}")
                    next_reminder = time.monotonic() + REMIND_S
                time.sleep(POLL_S)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield

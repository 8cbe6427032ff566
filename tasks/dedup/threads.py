"""Work on all cores of this process: the kernels release the interpreter's lock."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None, ahead: int = 4
) -> Iterator[Result]:
    """Yield the results of `work` in the order of the items; only a few items are taken ahead.

    Args:
        work: Called in threads.
        items: What it is called with.
        threads: How many; all cores by default. One means no thread but this one.
        ahead: How many items are taken ahead for each thread: fewer where items are large.
    """
    threads = threads or cores()
    if threads == 1:
        yield from map(work, items)
        return
    coming = iter(items)
    with ThreadPoolExecutor(threads, "dedup") as pool:
        waiting: list[Future[Result]] = [pool.submit(work, item) for item in islice(coming, ahead * threads)]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(work, item) for item in islice(coming, 1)]
        finally:
            for future in waiting:
                future.cancel()

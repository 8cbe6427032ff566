"""Where shards are worked on: threads of this process, several processes, or a Ray cluster.

A runner takes a function and its arguments and returns the results in order. Ray is used directly and not through
prefect-ray: a shard is a second of array work, and as a Prefect task each would be a run of its own, with states and
events to be stored by the server and a client on every node. The stage is the task; the shards are its inner loop.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from tasks.dedup.threads import cores, in_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


class Runner(Protocol):
    """Calls a function of a module with each item, anywhere, and returns the results in the items' order."""

    def __call__(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Run one stage to its end."""


def threads(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Run in threads of this process, one for each core."""
    return list(in_threads(work, items))


@contextmanager
def processes(workers: int | None = None) -> Iterator[Runner]:
    """Run in processes that are started afresh: a fork would copy the locks of this process's threads.

    Args:
        workers: How many; one for each core by default.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers or cores(), mp_context=get_context("spawn")) as pool:

        def run(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
            return list(pool.map(work, items))

        yield run


def on_ray(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Run as tasks of the Ray cluster that this process is connected to (`ray.init` is the caller's).

    All nodes must see the folders of the corpus and of the work under the same path.
    """
    import ray

    task: Any = ray.remote(work)
    # Shards are spread evenly: Ray would otherwise fill one node before it asks the next.
    pending = [task.options(scheduling_strategy="SPREAD").remote(item) for item in items]
    results: list[Result] = ray.get(pending)
    return results

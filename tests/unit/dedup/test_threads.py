import threading
import time

import pytest

from tasks.dedup.threads import cores, in_threads


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_items_order(threads):
    def slow_at_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(in_threads(slow_at_first, range(50), threads)) == [item * item for item in range(50)]


def test_several_threads_work_at_once():
    meeting = threading.Barrier(3, timeout=10)
    assert len(list(in_threads(lambda _: meeting.wait(), range(3), 3))) == 3


def test_one_thread_is_this_one():
    assert list(in_threads(lambda _: threading.get_ident(), [0], 1)) == [threading.get_ident()]


def test_an_error_is_raised_and_what_has_not_begun_is_left():
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 3:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(in_threads(work, range(10_000), 2))
    assert len(begun) < 100


def test_items_are_taken_only_as_they_are_needed():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = in_threads(lambda item: item, items(), 2)
    next(results)
    assert len(taken) < 20


def test_there_is_a_core():
    assert cores() >= 1

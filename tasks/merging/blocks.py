"""Blocks of tensors, merged in threads: float32 arithmetic, one rounding."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

from tasks.errors import ConfigError
from tasks.merging.adapter import Adapter, Change
from tasks.merging.arithmetic import Operands, merged, row_wise
from tasks.merging.delta import Part, compare
from tasks.merging.layout import Output
from tasks.merging.nf4 import dequantised, rounded_to
from tasks.merging.tensors import FLOATS

# Elements merged at once: 4 MB in float32, so that the handful of arrays alive at a time stays near the processor.
BLOCK = 1 << 20


@dataclass(frozen=True)
class Job:
    """Some rows of one tensor.

    Attributes:
        output: The tensor.
        start: First row; of a tensor that is copied, the first byte.
        stop: Row or byte behind the last.
        last: Whether the tensor ends with it.
        operands: The adapter's tensors for it.
        adapter: Holds what replaces it, if anything does.
        held_in: Type in which training held the 4-bit base.
    """

    output: Output
    start: int
    stop: int
    last: bool
    operands: Operands
    adapter: Adapter
    held_in: str


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Give each operation of torch one thread: blocks run side by side, and so small ones would wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def jobs_of(outputs: Iterable[Output], adapter: Adapter, held_in: str) -> Iterator[Job]:
    """Yield the blocks of some tensors in order.

    A weight that goes through NF4 is one block: its scales are themselves quantised, over the whole tensor.

    Raises:
        ConfigError: A tensor that must be computed is not stored as floats.
    """
    for output in outputs:
        source, change = output.source, output.change
        if change is None and not output.quantised:
            size = max(1, 4 * BLOCK)
            for start in range(0, max(1, source.size), size):
                stop = min(start + size, source.size)
                yield Job(output, start, stop, stop == source.size, Operands(), adapter, held_in)
            continue
        if source.dtype not in FLOATS:
            raise ConfigError(f"'{output.name}' is stored as {source.dtype}: name the 16-bit model as base.model")
        operands, rows = _operands(adapter, change), source.shape[0]
        whole = output.quantised or (change is not None and not row_wise(change, transposed=output.transposed))
        step = rows if whole else max(1, BLOCK * rows // prod(source.shape))
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            yield Job(output, start, stop, stop == rows, operands, adapter, held_in)


def finished(job: Job) -> tuple[Job, tuple[Any, Part | None]]:
    """Return a block's bytes as they are stored, and what was changed in it."""
    output, change = job.output, job.output.change
    source = output.source
    if change is None and not output.quantised:
        return job, (source.raw(job.start, job.stop - job.start), None)
    if output.quantised:
        base = dequantised(source.whole(), job.held_in, transposed=output.transposed).float()
        without = rounded_to(base, source.dtype)
    else:
        without = source.rows(job.start, job.stop)
        base = without.float()
    if change is None:
        return job, (_bytes(without), None)
    origin = base
    if change.whole_key:
        origin = job.adapter.tensors[change.whole_key].rows(job.start, job.stop).float()
    exact = merged(origin, change, job.operands, transposed=output.transposed, start=job.start, stop=job.stop)
    result = rounded_to(exact, source.dtype)
    return job, (_bytes(result), compare(base, without, exact, result))


def _bytes(values: Any) -> memoryview:
    import torch

    return memoryview(values.contiguous().view(-1).view(torch.uint8).numpy())


def _operands(adapter: Adapter, change: Change | None) -> Operands:
    def of(key: str) -> Any:
        return adapter.tensors[key].whole().float() if key else None

    if change is None:
        return Operands()
    return Operands(of(change.left_key), of(change.right_key), of(change.magnitude_key), of(change.added_key))

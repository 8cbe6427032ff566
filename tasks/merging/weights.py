"""The merge itself: tensor by tensor from the base's files into new ones, float32 arithmetic, one rounding."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.dedup.threads import in_threads
from tasks.merging.adapter import Adapter
from tasks.merging.blocks import finished, jobs_of, one_thread_each
from tasks.merging.delta import Delta
from tasks.merging.layout import Layout, plan
from tasks.merging.skeleton import read_skeleton
from tasks.merging.tensors import (
    SINGLE,
    in_file_order,
    model_files,
    read_headers,
    split_files,
    torch_dtype,
    write_header,
    write_index,
)

GB = 1_000_000_000
OnTensor = Callable[[int, int], None]


@dataclass(frozen=True)
class Merge:
    """How a merge came out.

    Attributes:
        delta: What it changed.
        dtype: Types of the changed tensors, such as `bfloat16`, joined by `+`.
        untied: Whether the output layer has weights of its own now.
        files: How many files were written.
    """

    delta: Delta
    dtype: str
    untied: bool
    files: int


def merge_weights(
    base: Path,
    adapter: Adapter,
    out: Path,
    on_tensor: OnTensor = lambda _done, _total: None,
    *,
    max_shard_size: float = 5.0,
    held_in: str = "",
) -> Merge:
    """Write the base's weights with the adapter merged into them; never more than some blocks are in memory.

    Args:
        base: The base model's folder.
        adapter: What is merged.
        out: An existing folder.
        on_tensor: Told after each piece of work how many tensors are done, and of how many.
        max_shard_size: Largest file, GB (10^9 bytes).
        held_in: Type in which QLoRA's training held the base: the layers it quantised start from their NF4 weights
            read back. Empty: the base's own weights.

    Raises:
        ArtifactError: The base's files are damaged or missing.
        ConfigError: The base is quantised, or the adapter does not fit it.
    """
    stored = read_headers(model_files(base))
    layout = plan(base, stored, adapter, read_skeleton(base, quantised=bool(held_in)), dequantised=bool(held_in))
    outputs = {output.name: output for output in layout.outputs}
    groups = split_files([(name, output.source) for name, output in outputs.items()], int(max_shard_size * GB))
    files = {_file_name(index, len(groups)): in_file_order(group) for index, group in enumerate(groups)}
    delta, done = Delta(), 0
    with one_thread_each():
        for file_name, group in files.items():
            with (out / file_name).open("wb") as file:
                write_header(file, group)
                jobs = jobs_of([outputs[name] for name, _ in group], adapter, held_in)
                for job, (data, part) in in_threads(finished, jobs, ahead=1):
                    file.write(data)
                    delta.add(job.output.name, part)
                    done += job.last
                    on_tensor(done, len(outputs))
    if len(files) > 1:
        write_index(out, files)
    return Merge(delta, _dtypes(layout), layout.untied, len(files))


def _file_name(index: int, count: int) -> str:
    return SINGLE if count == 1 else f"model-{index + 1:05d}-of-{count:05d}.safetensors"


def _dtypes(layout: Layout) -> str:
    names = {output.source.dtype for output in layout.outputs if output.change or output.quantised}
    return "+".join(sorted(str(torch_dtype(name)).removeprefix("torch.") for name in names))

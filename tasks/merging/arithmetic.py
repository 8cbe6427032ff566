"""The merge of one tensor: float32 throughout, for whole tensors or blocks of rows. Pure torch, no files."""

from dataclasses import dataclass
from typing import Any

from tasks.merging.adapter import Change


@dataclass(frozen=True)
class Operands:
    """An adapter's tensors for one change, in float32; None where it has none.

    Attributes:
        left: A, shape [r, inputs]; of an embedding [r, tokens].
        right: B, shape [outputs, r]; of an embedding [dimension, r].
        magnitude: DoRA's magnitudes, shape [outputs] or [dimension].
        added: A bias that is scaled and added, shape [outputs].
    """

    left: Any = None
    right: Any = None
    magnitude: Any = None
    added: Any = None


def row_wise(change: Change, *, transposed: bool) -> bool:
    """Return whether blocks of a weight's rows can be merged on their own.

    DoRA divides by the norm of each output's weights: of a row in a linear layer, but of a column where the weight
    lies transposed or belongs to an embedding.
    """
    return not (change.magnitude_key and (transposed or change.embedding))


def merged(
    base: Any, change: Change, operands: Operands, *, transposed: bool, start: int = 0, stop: int | None = None
) -> Any:
    """Return rows `start` to `stop` of a weight with its change, in float32, not yet rounded.

    Args:
        base: These rows of the base's weight in float32, shape [rows, ...].
        change: What is done to it.
        operands: The adapter's tensors; whole, not only these rows.
        transposed: Whether the weight's shape is [inputs, outputs] (Conv1D).
        start: First row.
        stop: Row behind the last; the last of all without it.
    """
    if operands.added is not None:
        return base + operands.added[start:stop] * change.scaling
    if operands.left is None:
        return base
    # PEFT's order of operations: the product first, then the factor.
    if change.embedding or transposed:
        sum_ = base + (operands.right @ operands.left[:, start:stop]).T * change.scaling
    else:
        sum_ = base + (operands.right[start:stop] @ operands.left) * change.scaling
    if operands.magnitude is None:
        return sum_
    if change.embedding or transposed:
        return sum_ * (operands.magnitude / sum_.norm(dim=0))
    return sum_ * (operands.magnitude[start:stop] / sum_.norm(dim=1))[:, None]

"""Rows with close embeddings, by exact search in blocks."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BLOCK_ROWS = 1024

Block = list[tuple[int, int, float]]


def cosine_pairs(vectors: "np.ndarray", threshold: float, groups: Sequence[Sequence[int]]) -> Iterator[Block]:
    """Yield, block by block, the pairs (i, j, cosine) with i < j inside each group that reach the threshold.

    Args:
        vectors: Shape [rows, dimensions], each of length 1.
        threshold: Cosine similarity.
        groups: Positions to compare with each other, each ascending.
    """
    import numpy as np

    for group in groups:
        members = np.asarray(group)
        inside = vectors[members]
        for start in range(0, len(members), BLOCK_ROWS):
            block = inside[start : start + BLOCK_ROWS]
            # Rows before the block were compared with it when it was their turn.
            similar = block @ inside[start:].T
            rows, columns = np.nonzero(np.triu(similar >= threshold, k=1))
            yield [
                (int(members[start + row]), int(members[start + column]), float(similar[row, column]))
                for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
            ]

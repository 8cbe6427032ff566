"""Rows with close vectors, by exact search: tiles of the matrix of all cosines, each compared once.

A tile bounds the memory whatever the number of rows: 512 x 4,096 float32 are 8 MB.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TILE_ROWS = 512
TILE_COLUMNS = 4096
# Products of unit vectors in float32 are off by about this much; a threshold of 1 would miss equal rows otherwise.
ROUNDING = 1e-6

Hits = tuple["np.ndarray", "np.ndarray", "np.ndarray"]
"""Positions i, positions j and their cosines, each of shape [pairs]: int64, int64 and float32."""


def cosine_tiles(vectors: "np.ndarray", threshold: float) -> Iterator[tuple[int, Hits]]:
    """Yield, tile by tile, how many rows are wholly compared, and the pairs i < j of the tile that reach the threshold.

    Args:
        vectors: Shape [rows, dimensions], float32, each of length 1 or 0 (a row of length 0 is close to none).
        threshold: Cosine similarity, above 0.
    """
    import numpy as np

    rows = len(vectors)
    floor = np.float32(threshold - ROUNDING)
    for top in range(0, rows, TILE_ROWS):
        block = vectors[top : top + TILE_ROWS]
        # Rows before the block were compared with it when it was their turn.
        for start in range(top, rows, TILE_COLUMNS):
            similar = block @ vectors[start : start + TILE_COLUMNS].T
            # Most rows of a tile are close to none: only the others are looked through.
            hot = np.flatnonzero(similar.max(axis=1) >= floor)
            left, right = np.nonzero(similar[hot] >= floor)
            left = hot[left]
            cosine = similar[left, right]
            left, right = left + top, right + start
            later = right > left
            yield top, (left[later], right[later], np.minimum(cosine[later], np.float32(1)))

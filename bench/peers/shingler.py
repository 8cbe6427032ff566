"""Word shingles hashed in numpy alone: what a user of a public tool can do without a compiler.

One string, one array. The hash of a word is the sum of its bytes times powers of an odd number by their position in the
block, divided by the power of its first position, which is a multiplication by the inverse modulo 2**64; `reduceat`
sums. The hash of a shingle mixes those of neighbouring words. Words are parted by single spaces.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xFF51AFD7ED558CCD)
BLOCK_ROWS = 256
MOST_BYTES = 1 << 22  # of a block
_END = 10  # the word that stands between two texts


def _powers(base: int, count: int) -> Array:
    result = np.full(count, base, np.uint64)
    result[0] = 1
    return np.multiply.accumulate(result)


def shingle_hashes(texts: list[str], size: int = 3, threads: int = 1) -> tuple[Array, Array]:
    """Return the shingle hashes of each text, repeats included, uint64, and where each begins, uint64 [texts + 1]."""
    blocks = [texts[start : start + BLOCK_ROWS] for start in range(0, len(texts), BLOCK_ROWS)]
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(partial(_block, size=size), blocks))
    begins = np.concatenate([[0], np.cumsum(np.concatenate([counts for _, counts in found]))]).astype(np.uint64)
    return np.concatenate([hashes for hashes, _ in found]), begins


@lru_cache(maxsize=1)
def _tables() -> tuple[Array, Array]:
    return _powers(_BASE, MOST_BYTES), _powers(pow(_BASE, -1, 1 << 64), MOST_BYTES)


def _block(texts: list[str], size: int) -> tuple[Array, Array]:
    powers, inverses = _tables()
    data = np.frombuffer((" \n ".join(texts).lower() + " \n ").encode(), np.uint8)
    starts = np.flatnonzero(data == 32)
    starts = np.concatenate([[0], starts[:-1] + 1])
    words = np.add.reduceat(data * powers[: len(data)], starts) * inverses[starts] * _MIX
    words ^= words >> np.uint64(32)
    last = np.flatnonzero(data[starts] == _END)
    runs = words[: len(words) - size + 1]
    for shift in range(1, size):
        runs = (runs * np.uint64(_BASE) + words[shift : len(words) - size + 1 + shift]) * _MIX
        runs ^= runs >> np.uint64(32)
    inside = np.ones(len(words), bool)
    for shift in range(size):
        inside[np.maximum(last - shift, 0)] = False
    return runs[inside[: len(runs)]], np.maximum(np.diff([-1, *last]) - size, 0)

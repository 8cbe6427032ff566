"""From sorted band keys to pairs of rows that share a bucket."""

from typing import Any

import numpy as np

from tasks.dedup.kernels.jit import jit


@jit
def shared(order: Any, low: Any) -> Any:
    """Keep only rows that are not alone in their bucket, in place, and return how many they are.

    Args:
        order: Sorted uint64 [rows]: a key in the high bits, the row in the low ones; changed.
        low: Mask of the low bits.
    """
    kept, first = 0, 0
    for at in range(1, order.size + 1):
        if at == order.size or (order[at] ^ order[first]) > low:
            if at - first > 1:
                for row in range(first, at):
                    order[kept] = order[row]
                    kept += 1
            first = at
    return kept


@jit
def runs(order: Any, low: Any, limit: Any, result: Any) -> Any:
    """Find buckets in sorted keys: (pairs in all buckets of up to `limit` rows, larger buckets).

    Args:
        order: Sorted uint64 [rows]: a key in the high bits, the row in the low ones.
        low: Mask of the low bits.
        limit: Rows of a bucket that is not crowded.
        result: Where the first and the last row (exclusive) of each crowded bucket are written, int64 [many, 2].
    """
    pairs, crowded, first = 0, 0, 0
    for at in range(1, order.size + 1):
        if at == order.size or (order[at] ^ order[first]) > low:
            rows = at - first
            if rows > limit:
                result[crowded, 0], result[crowded, 1] = first, at
                crowded += 1
            else:
                pairs += rows * (rows - 1) // 2
            first = at
    return pairs, crowded


@jit
def _in_crowd(key: Any, crowds: Any) -> Any:
    """Tell whether a key is among sorted ones."""
    first, last = 0, crowds.size
    while first < last:
        middle = (first + last) // 2
        if crowds[middle] < key:
            first = middle + 1
        else:
            last = middle
    return first < crowds.size and crowds[first] == key


@jit
def _proposed_before(one: Any, other: Any, band: Any, keys: Any, low: Any, crowds: Any, begins: Any) -> Any:
    """Tell whether an earlier band puts two rows into one bucket, and that bucket is not crowded."""
    for earlier in range(band):
        key = keys[earlier, one]
        if (key ^ keys[earlier, other]) <= low and not _in_crowd(
            key & ~low, crowds[begins[earlier] : begins[earlier + 1]]
        ):
            return True
    return False


@jit
def bucket_pairs(
    order: Any, low: Any, limit: Any, band: Any, keys: Any, salts: Any, sides: Any, crowds: Any, begins: Any,
    left: Any, right: Any,
) -> Any:  # fmt: skip
    """Write the pairs of rows that share a bucket of this band and of none before, and return their number.

    Args:
        order: Sorted uint64: a key in the high bits, the row in the low ones.
        low: Mask of the low bits.
        limit: Rows of a bucket from which it is crowded, and left out.
        band: Number of this band.
        keys: uint64 [bands, rows].
        salts: uint64 [rows]; pairs with different salts (whose keys met by chance) are left out.
        sides: uint8 [rows] to leave out pairs of equal sides, or of no rows.
        crowds: High bits of the keys of crowded buckets, sorted in each band, uint64.
        begins: Where each band's part of `crowds` begins, and the last ends, int64 [bands + 1].
        left: Result, the lower row of each pair, int64.
        right: Result, the higher row.
    """
    found, first = 0, 0
    for last in range(1, order.size + 1):
        if last < order.size and (order[last] ^ order[first]) <= low:
            continue
        if last - first <= limit:
            for i in range(first, last - 1):
                one = np.int64(order[i] & low)
                for j in range(i + 1, last):
                    other = np.int64(order[j] & low)
                    if salts[one] != salts[other] or (sides.size and sides[one] == sides[other]):
                        continue
                    if not _proposed_before(one, other, band, keys, low, crowds, begins):
                        left[found], right[found] = one, other
                        found += 1
        first = last
    return found

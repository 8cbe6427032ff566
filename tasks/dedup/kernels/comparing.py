"""Exact Jaccard similarity over distinct shingle hashes, and groups by union-find.

A set is loaded into an open hash table whose slots say which set they belong to, so that no table is ever cleared.
"""

from typing import Any

import numpy as np

from tasks.dedup.kernels.jit import jit


@jit
def distinct(hashes: Any, begins: Any) -> None:
    """Drop repeats inside each text, in place.

    Args:
        hashes: Shingle hashes of all texts, uint64.
        begins: Where each text's hashes begin, and the last end, int64 [texts + 1]; changed.
    """
    table, owner = _empty_table(_longest(begins))
    at, first = 0, begins[0]
    for text in range(begins.size - 1):
        last, begins[text] = begins[text + 1], at
        for run in range(first, last):
            if _insert(table, owner, text, hashes[run]):
                hashes[at] = hashes[run]
                at += 1
        first = last
    begins[begins.size - 1] = at


@jit
def _longest(begins: Any) -> Any:
    longest = 0
    for text in range(begins.size - 1):
        longest = max(longest, begins[text + 1] - begins[text])
    return longest


@jit
def _empty_table(count: Any) -> Any:
    """Return an open hash table for `count` hashes: slots, and which set each slot's content belongs to."""
    size = 64
    while size < 2 * count:
        size *= 2
    owner = np.empty(size, np.int64)
    owner[:] = -1
    return np.empty(size, np.uint64), owner


@jit
def _insert(table: Any, owner: Any, mine: Any, value: Any) -> Any:
    """Put a hash into the set numbered `mine`; false if it is there already."""
    mask = table.size - 1
    slot = np.int64(value & np.uint64(mask))
    while owner[slot] == mine:
        if table[slot] == value:
            return False
        slot = (slot + 1) & mask
    owner[slot], table[slot] = mine, value
    return True


@jit
def _load(table: Any, owner: Any, mine: Any, hashes: Any) -> None:
    for value in hashes:
        _insert(table, owner, mine, value)


@jit
def _jaccard(table: Any, owner: Any, mine: Any, size: Any, others: Any) -> Any:
    """Return the Jaccard similarity of the loaded set numbered `mine` of `size` hashes, and other distinct hashes."""
    mask, common = table.size - 1, 0
    for value in others:
        slot = np.int64(value & np.uint64(mask))
        while owner[slot] == mine:
            if table[slot] == value:
                common += 1
                break
            slot = (slot + 1) & mask
    return common / (size + others.size - common) if common else 0.0


@jit
def jaccards(hashes: Any, begins: Any, left: Any, right: Any, result: Any) -> None:
    """Write the Jaccard similarity of pairs of texts.

    Args:
        hashes: Distinct shingle hashes of all texts, uint64.
        begins: Where each text's hashes begin, and the last end, int64 [texts + 1].
        left: Texts, int64 [pairs]; fastest where equal ones are neighbours.
        right: Texts, int64 [pairs].
        result: float64 [pairs]; 0 where one has no shingle.
    """
    table, owner = _empty_table(_longest(begins))
    loaded = -1
    for pair in range(left.size):
        one, other = left[pair], right[pair]
        mine = hashes[begins[one] : begins[one + 1]]
        if one != loaded:
            _load(table, owner, one, mine)
            loaded = one
        result[pair] = _jaccard(table, owner, one, mine.size, hashes[begins[other] : begins[other + 1]])


@jit
def find(parents: Any, row: Any) -> Any:
    """Return the root of a row, and halve the path to it (Tarjan and van Leeuwen 1984)."""
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@jit
def unite(parents: Any, one: Any, other: Any) -> None:
    """Join the groups of two rows; the lowest row of a group is its root."""
    one, other = find(parents, one), find(parents, other)
    if one < other:
        parents[other] = one
    else:
        parents[one] = other


@jit
def unite_all(parents: Any, left: Any, right: Any) -> None:
    """Join the groups of many pairs, and let every row point to its root."""
    for pair in range(left.size):
        unite(parents, left[pair], right[pair])
    for row in range(parents.size):
        parents[row] = find(parents, row)


@jit
def roots_of(parents: Any, rows: Any, result: Any) -> None:
    """Write the root of each of some rows."""
    for at in range(rows.size):
        result[at] = find(parents, rows[at])


@jit
def _regrouped(parents: Any, rows: Any, x: Any, groups: Any, heads: Any, tails: Any, following: Any) -> Any:
    """Make a row and all groups that it belongs to one, which the next row meets first; return how many are left.

    Groups are chains of rows: `following` leads from one to the next, from `heads` to `tails`.
    """
    heads[groups], tails[groups] = x, x
    groups += 1
    root, into, group = find(parents, rows[x]), -1, 0
    while group < groups:
        if find(parents, rows[heads[group]]) == root:
            if into < 0:
                into = group
            else:
                following[tails[into]], tails[into] = heads[group], tails[group]
                groups -= 1
                heads[group], tails[group] = heads[groups], tails[groups]
                continue
        group += 1
    heads[0], heads[into] = heads[into], heads[0]
    tails[0], tails[into] = tails[into], tails[0]
    return groups


@jit
def connect(
    hashes: Any, begins: Any, rows: Any, salts: Any, parents: Any, threshold: Any, a_group: Any, a_row: Any,
    left: Any, right: Any, values: Any,
) -> Any:  # fmt: skip
    """Join what is alike in one crowded bucket without comparing all pairs, and return the number of pairs written.

    Each row is compared with the groups of the rows before it that it does not belong to yet, and with a group only
    until one member is alike.

    Args:
        hashes: Distinct shingle hashes of the bucket's rows, uint64.
        begins: Where each row's hashes begin, and the last end, int64 [bucket + 1].
        rows: Number of each row, ascending, int64 [bucket].
        salts: Of each row, uint64 [bucket]; only rows with equal ones are compared.
        parents: Union-find over all rows; changed.
        threshold: Jaccard similarity.
        a_group: Most members of one group that a row is compared with.
        a_row: Most comparisons of a row.
        left: Result, lower row of each pair; as long as the bucket has rows.
        right: Result, higher row of each pair.
        values: Result, similarities.
    """
    table, owner = _empty_table(_longest(begins))
    heads, tails = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    following = np.full(rows.size, -1, np.int64)
    groups, found = 0, 0
    for x in range(rows.size):
        mine, compared, loaded = hashes[begins[x] : begins[x + 1]], 0, False
        for group in range(groups):
            if compared == a_row:
                break
            if find(parents, rows[heads[group]]) == find(parents, rows[x]):
                continue
            y, tried = heads[group], 0
            while y >= 0 and tried < a_group and compared < a_row:
                if salts[x] == salts[y]:
                    if not loaded:
                        _load(table, owner, x, mine)
                        loaded = True
                    value = _jaccard(table, owner, x, mine.size, hashes[begins[y] : begins[y + 1]])
                    compared += 1
                    tried += 1
                    if value >= threshold:
                        left[found], right[found], values[found] = rows[y], rows[x], value
                        found += 1
                        unite(parents, rows[x], rows[y])
                        break
                y = following[y]
        groups = _regrouped(parents, rows, x, groups, heads, tails, following)
    return found


@jit
def closest_across(
    hashes: Any, begins: Any, rows: Any, sides: Any, threshold: Any, a_row: Any, left: Any, right: Any, values: Any
) -> Any:
    """Write the closest pair of each row among the first `a_row` of the other side in one crowded bucket.

    Arguments and result as in `connect`, with the side of each row, uint8 [bucket].
    """
    table, owner = _empty_table(_longest(begins))
    found = 0
    for x in range(rows.size):
        mine = hashes[begins[x] : begins[x + 1]]
        _load(table, owner, x, mine)
        best, closest, compared = 0.0, -1, 0
        for y in range(rows.size):
            if sides[y] == sides[x]:
                continue
            value = _jaccard(table, owner, x, mine.size, hashes[begins[y] : begins[y + 1]])
            compared += 1
            if value > best:
                best, closest = value, y
            if compared == a_row or best == 1.0:
                break
        if best >= threshold:
            left[found], right[found] = min(rows[x], rows[closest]), max(rows[x], rows[closest])
            values[found] = best
            found += 1
    return found

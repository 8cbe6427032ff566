"""Near duplicates: MinHash and LSH propose pairs, exact Jaccard decides.

`near_pairs` searches one list, `cross_pairs` between two (what a check across splits needs). Both take raw texts, and
are exact in what they return; what LSH does not propose they cannot return, which `banding` keeps rare. The whole runs
in threads of this process, and next to the texts it holds about 200 bytes a text; `tasks.dedup.shards` does the same
work on disk, on several processes or machines.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tasks.dedup.bands import Crowds, Meeting, in_order, order_of, pairs_in
from tasks.dedup.crowds import connected
from tasks.dedup.packed import Source, Texts, blocks
from tasks.dedup.signatures import Scheme, sketch
from tasks.dedup.threads import in_threads
from tasks.dedup.unionfind import roots
from tasks.dedup.verify import Found, verified

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

Pair = tuple[int, int, float]

CROWDED = 64
"""Rows of a bucket of `near_pairs` up to which all pairs are returned."""
CROWDED_ACROSS = 1024
"""The same for `cross_pairs`."""
COMPARED_PAIRS = 1 << 11
"""Candidates that are compared in one go."""


def near_pairs(
    texts: Sequence[str],
    threshold: float = 0.8,
    num_perm: int = 128,
    shingle_size: int = 3,
    labels: Sequence[Hashable] | None = None,
) -> list[Pair]:
    """Return the pairs (i, j, jaccard) with i < j of a list that reach the threshold, sorted.

    Where more than `CROWDED` texts share a bucket in every band that two of them share, only enough pairs are returned
    to join the groups: 20,000 copies of one mail give 19,999 pairs, not 200 million.

    Args:
        texts: Compared after normalisation.
        threshold: Jaccard similarity of the shingle sets.
        num_perm: Length of the MinHash signatures.
        shingle_size: Words in a shingle.
        labels: One for each text; only texts with equal labels are compared (and no others are hashed).
    """
    import numpy as np

    if labels is None:
        members, salts = list(range(len(texts))), np.zeros(len(texts), np.uint64)
    else:
        groups = partners(labels)
        salt_of = {row: salt for salt, group in enumerate(groups) for row in group}
        members = sorted(salt_of)
        salts = np.array([salt_of[row] for row in members], np.uint64)
    source = Texts(texts if labels is None else [texts[row] for row in members])
    found = search(source, salts, np.empty(0, np.uint8), threshold, Scheme.at(threshold, num_perm, shingle_size))
    rows = zip(found.left.tolist(), found.right.tolist(), found.value.tolist(), strict=True)
    return [(members[left], members[right], value) for left, right, value in rows]


def cross_pairs(
    left: Sequence[str],
    right: Sequence[str],
    threshold: float = 0.8,
    num_perm: int = 128,
    shingle_size: int = 3,
) -> list[Pair]:
    """Return the pairs (i, j, jaccard) of a text of `left` and a text of `right` that reach the threshold, sorted.

    Pairs inside one list are not looked for. Where more than `CROWDED_ACROSS` texts share a bucket, each gives its
    closest pair among the first 256 texts of the other list there. The other arguments are those of `near_pairs`.
    """
    import numpy as np

    texts = [*left, *right]
    sides = np.zeros(len(texts), np.uint8)
    sides[len(left) :] = 1
    salts = np.zeros(len(texts), np.uint64)
    found = search(Texts(texts), salts, sides, threshold, Scheme.at(threshold, num_perm, shingle_size))
    rows = zip(found.left.tolist(), (found.right - len(left)).tolist(), found.value.tolist(), strict=True)
    return list(rows)


def partners(labels: Sequence[Hashable]) -> list[list[int]]:
    """Return the positions of each label that occurs more than once: a row alone cannot be a duplicate."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        groups[label].append(position)
    return [members for members in groups.values() if len(members) > 1]


def search(source: Source, salts: "Array", sides: "Array", threshold: float, scheme: Scheme) -> Found:
    """Return the pairs of a source that reach the threshold, sorted.

    Args:
        source: The texts.
        salts: uint64 [texts]; only texts with equal ones are compared.
        sides: uint8 [texts], only texts with different ones are compared; of no texts to compare all.
        threshold: Jaccard similarity.
        scheme: How texts are signed and banded.
    """
    if len(source) < 2:
        return Found.joined([])
    meeting = Meeting(_keys(source, salts, scheme), salts, sides, CROWDED_ACROSS if sides.size else CROWDED)
    orders = list(in_threads(partial(order_of, meeting), range(scheme.bands)))
    crowds = Crowds.of(meeting, orders)

    def propose(part: tuple[int, "Array"]) -> "tuple[Array, Array]":
        return pairs_in(meeting, crowds, *part)

    def compare(pairs: "tuple[Array, Array]") -> Found:
        return verified(source, *pairs, threshold, scheme.shingle_size)

    parts = [(band, order.sorted) for band, order in enumerate(orders)]
    candidates = in_order(list(in_threads(propose, parts)), len(source), COMPARED_PAIRS)
    found = Found.joined(list(in_threads(compare, candidates)))
    if not crowds.keys.size:
        return found
    parents = roots(len(source), found.left, found.right)
    more = connected(source, meeting, iter(orders), parents, threshold, scheme.shingle_size)
    return Found.joined([found, *more])


def _keys(source: Source, salts: "Array", scheme: Scheme) -> "Array":
    import numpy as np

    keys = np.empty((scheme.bands, len(source)), np.uint64)

    def sign(rows: tuple[int, int]) -> None:
        part = slice(*rows)
        keys[:, part] = sketch(source.take(range(*rows)), salts[part], scheme)[0]

    for _ in in_threads(sign, blocks(source.sizes)):
        pass
    return keys

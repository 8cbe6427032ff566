"""Near duplicates: MinHash and LSH propose pairs, exact Jaccard decides.

`near_pairs` searches one list, `cross_pairs` between two (what a check across splits needs). Both take raw texts, and
are exact in what they return; what LSH does not propose they cannot return, which `banding` keeps rare.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from tasks.dedup.shingles import Shingles, jaccard, shingles
from tasks.dedup.texts import normalise

MISSED_AT_THRESHOLD = 0.01

Pair = tuple[int, int, float]


def banding(threshold: float, num_perm: int) -> tuple[int, int]:
    """Return (bands, rows in a band) for LSH.

    The longest band whose chance to miss a pair lying exactly at the threshold is at most 1 %; pairs above it are
    missed more rarely still. Recall is bought with false candidates, which the exact check throws out again.
    """
    best = (num_perm, 1)
    for rows in range(2, num_perm // 2 + 1):
        bands = num_perm // rows
        if (1 - threshold**rows) ** bands <= MISSED_AT_THRESHOLD:
            best = (bands, rows)
    return best


def near_pairs(
    texts: Sequence[str],
    threshold: float = 0.8,
    num_perm: int = 128,
    shingle_size: int = 3,
    labels: Sequence[Hashable] | None = None,
) -> list[Pair]:
    """Return the pairs (i, j, jaccard) with i < j of a list that reach the threshold, sorted.

    Args:
        texts: Compared after normalisation.
        threshold: Jaccard similarity of the shingle sets.
        num_perm: Length of the MinHash signatures.
        shingle_size: Words in a shingle.
        labels: One for each text; only texts with equal labels are compared (and no others are hashed).
    """
    pairs = []
    for members in partners(labels if labels is not None else [0] * len(texts)):
        chosen = [normalise(texts[index]) for index in members]
        index_of, candidates = _index(threshold, num_perm), []
        for number, signature in enumerate(_signatures(chosen, num_perm, shingle_size)):
            candidates += [(other, number) for other in index_of.query(signature)]
            index_of.insert(number, signature, check_duplication=False)
        found = _verified(chosen, chosen, candidates, threshold, shingle_size)
        pairs += [(members[left], members[right], value) for left, right, value in found]
    return sorted(pairs)


def cross_pairs(
    left: Sequence[str],
    right: Sequence[str],
    threshold: float = 0.8,
    num_perm: int = 128,
    shingle_size: int = 3,
) -> list[Pair]:
    """Return the pairs (i, j, jaccard) of a text of `left` and a text of `right` that reach the threshold, sorted.

    Pairs inside one list are not looked for. The other arguments are those of `near_pairs`.
    """
    first, second = [normalise(text) for text in left], [normalise(text) for text in right]
    index_of = _index(threshold, num_perm)
    for number, signature in enumerate(_signatures(first, num_perm, shingle_size)):
        index_of.insert(number, signature, check_duplication=False)
    candidates = [
        (other, number)
        for number, signature in enumerate(_signatures(second, num_perm, shingle_size))
        for other in index_of.query(signature)
    ]
    return sorted(_verified(first, second, candidates, threshold, shingle_size))


def partners(labels: Sequence[Hashable]) -> list[list[int]]:
    """Return the positions of each label that occurs more than once: a row alone cannot be a duplicate."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        groups[label].append(position)
    return [members for members in groups.values() if len(members) > 1]


def _index(threshold: float, num_perm: int) -> Any:
    from datasketch import MinHashLSH

    return MinHashLSH(num_perm=num_perm, params=banding(threshold, num_perm))


def _signatures(texts: Sequence[str], num_perm: int, shingle_size: int) -> Iterator[Any]:
    from datasketch import MinHash

    encoded = ([run.encode("utf-8", "surrogatepass") for run in shingles(text, shingle_size)] for text in texts)
    yield from MinHash.generator(encoded, num_perm=num_perm)


def _verified(
    left: Sequence[str],
    right: Sequence[str],
    candidates: Sequence[tuple[int, int]],
    threshold: float,
    size: int,
) -> list[Pair]:
    """Keep the candidates that reach the threshold; only their shingle sets are held in memory."""
    left_sets: dict[int, Shingles] = {i: shingles(left[i], size) for i in {i for i, _ in candidates}}
    right_sets: dict[int, Shingles] = {j: shingles(right[j], size) for j in {j for _, j in candidates}}
    valued = ((i, j, jaccard(left_sets[i], right_sets[j])) for i, j in candidates)
    return [(i, j, value) for i, j, value in valued if value >= threshold]

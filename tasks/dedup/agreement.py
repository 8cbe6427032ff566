"""How far two embedding backends agree on a sample, and the threshold of one that means what the other's means.

Cosines of a static model lie higher and closer together than those of the model it is distilled from: on texts of one
domain, which share their words, unrelated ones reach 0.7 where the full model gives 0.35. One threshold for both would
make a static model remove what the full one keeps. So the full model's threshold is carried over by counts: on the
sample, as many pairs reach the static threshold as reach the given one by the full model (quantile matching). Precision
equals recall at that point, and both are reported; where they are low, the static model does not see what the full one
sees.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tasks.dedup.cosine import ROUNDING

if TYPE_CHECKING:
    import numpy as np

SAMPLE_ROWS = 512


@dataclass(frozen=True)
class Agreement:
    """Close pairs of the same rows by two backends.

    Attributes:
        rows: Rows in the sample.
        pairs: Pairs of them that were compared.
        full: Pairs that are close by the full model.
        static: Pairs that are close by the static model.
        both: Pairs that are close by both.
        jaccard: `both` among the pairs close by either; 1 where there are none.
        recall_of_static: Share of the full model's pairs that the static one finds; 1 where there are none.
        recall_of_full: Share of the static model's pairs that the full one finds; 1 where there are none.
        full_threshold: Cosine that makes a pair close by the full model.
        static_threshold: The same for the static model.
    """

    rows: int
    pairs: int
    full: int
    static: int
    both: int
    jaccard: float
    recall_of_static: float
    recall_of_full: float
    full_threshold: float
    static_threshold: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)


def sample_rows(
    vectors: "np.ndarray", keys: Sequence[bytes], groups: Sequence[Sequence[int]], rows: int = SAMPLE_ROWS
) -> list[int]:
    """Choose rows to compare two backends on: half of them by chance, and the closest row to each of those.

    By chance alone no two near rows would be drawn from a large set. Chance is the order of the keys (hashes of the
    texts), so the same rows are drawn whatever their order, and most of them again when the set has grown.

    Args:
        vectors: Shape [rows, dimensions], by the backend that has them all.
        keys: One for each row (`tasks.dedup.vectors.text_key`).
        groups: Positions compared with each other; partners are looked for inside.
        rows: At most that many are chosen.

    Returns:
        Positions, ascending.
    """
    import numpy as np

    drawn = sorted((keys[position], position) for group in groups for position in group)[: rows // 2]
    anchors = {position for _, position in drawn}
    chosen = set(anchors)
    for group in groups:
        inside = [position for position in group if position in anchors]
        if inside:
            members = np.asarray(group)
            near = vectors[inside] @ vectors[members].T
            near[members[None, :] == np.asarray(inside)[:, None]] = -np.inf
            chosen.update(members[near.argmax(axis=1)].tolist())
    return sorted(chosen)


def sample_pairs(sample: Sequence[int], groups: Sequence[Sequence[int]]) -> "np.ndarray":
    """Return all pairs of sampled rows inside one group, as indices into the sample, shape [pairs, 2]."""
    import numpy as np

    index_of = {position: index for index, position in enumerate(sample)}
    inside = ([index_of[position] for position in group if position in index_of] for group in groups)
    pairs = [pair for members in inside for pair in combinations(sorted(members), 2)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def matched_threshold(full: "np.ndarray", static: "np.ndarray", threshold: float) -> float:
    """Return the static threshold that as many pairs reach as reach the given one by the full model.

    Where none does, it lies just above the highest static cosine (above 1 if that is 1): nothing seen in the sample
    would be removed. Equal
    cosines at the border are all kept out or all taken in, whichever is the stricter.

    Args:
        full: Cosines by the full model, shape [pairs].
        static: Cosines of the same pairs by the static model, shape [pairs].
        threshold: For the full model.
    """
    import numpy as np

    if not len(full):
        return threshold
    wanted = int(np.count_nonzero(full >= threshold - ROUNDING))
    falling = np.sort(static)[::-1]
    if wanted == len(falling):
        return float(falling[-1])
    above = falling[falling > falling[wanted]]
    between = (falling[wanted] + above[-1]) / 2 if len(above) else falling[wanted] + 1e-4
    return round(float(between), 6)


def agreement(
    rows: int, full: "np.ndarray", static: "np.ndarray", full_threshold: float, static_threshold: float
) -> Agreement:
    """Compare the close pairs of two backends.

    Args:
        rows: Rows in the sample.
        full: Cosines by the full model, shape [pairs].
        static: Cosines of the same pairs by the static model, shape [pairs].
        full_threshold: Cosine that makes a pair close by the full model.
        static_threshold: The same for the static model.
    """
    import numpy as np

    by_full, by_static = full >= full_threshold - ROUNDING, static >= static_threshold - ROUNDING
    both = int(np.count_nonzero(by_full & by_static))
    found_full, found_static = int(by_full.sum()), int(by_static.sum())
    return Agreement(
        rows=rows,
        pairs=len(full),
        full=found_full,
        static=found_static,
        both=both,
        jaccard=_share(both, found_full + found_static - both),
        recall_of_static=_share(both, found_full),
        recall_of_full=_share(both, found_static),
        full_threshold=full_threshold,
        static_threshold=static_threshold,
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0

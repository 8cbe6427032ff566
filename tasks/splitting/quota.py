"""Shares met in every stratum and on the whole, by seeded hash within the stratum."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams

RARE_STRATUM = "(rare)"


@dataclass
class _Quota:
    """What a split should hold by now, and what it holds.

    The rounding of one stratum is made up for in the next, so that the whole comes out right however small the strata.
    """

    share: float
    wanted: float = 0.0
    taken: int = 0

    def take(self, queue: list[Group], rows: int, most: int) -> set[str]:
        """Return the names of the groups that bring the split to its share, or nearest to it.

        Args:
            queue: The groups that may be taken, in their order.
            rows: Rows of the whole stratum.
            most: How many groups may be taken.
        """
        due = self.share * rows
        self.wanted += due
        # What other strata could not give is made up for within bounds: none is drained for it.
        limit = min(self.wanted - self.taken, 2 * due + 1)
        chosen: set[str] = set()
        here = 0
        for group in queue:
            if limit - here < 1 or len(chosen) >= most:
                break
            if here + group.rows <= limit:
                chosen.add(group.name)
                here += group.rows
        left = [group for group in queue if group.name not in chosen]
        if left and len(chosen) < most:
            missing = limit - here
            nearest = min(left, key=lambda group: abs(missing - group.rows))
            if nearest.rows <= 2 * missing:
                chosen.add(nearest.name)
                here += nearest.rows
        self.taken += here
        return chosen


def by_quota(groups: Sequence[Group], params: SplittingParams, merge: Collection[str] = ()) -> dict[str, str]:
    """Return the split of each group, by its name.

    The shares of a stratum are those of its rows. A stratum with fewer groups than splits trains.

    Args:
        groups: All groups.
        params: Shares and seed.
        merge: Strata that are divided together as one; general rows stay apart, since no test may hold them.
    """
    splits = {group.name: "train" for group in groups}
    strata: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: _rank(params.seed, group.name)):
        merged = group.stratum in merge and group.stratum != GENERAL_STRATUM
        strata.setdefault(RARE_STRATUM if merged else group.stratum, []).append(group)
    test, validation = _Quota(params.test), _Quota(params.validation)
    for stratum in sorted(strata):
        queue = strata[stratum]
        rows = sum(group.rows for group in queue)
        if len(queue) < fewest_groups(stratum, params):
            continue
        if is_tested(stratum, params):
            taken = test.take(queue, rows, most=len(queue) - 2)
            splits |= dict.fromkeys(taken, "test")
            queue = [group for group in queue if group.name not in taken]
        splits |= dict.fromkeys(validation.take(queue, rows, most=len(queue) - 1), "validation")
    return splits


def is_tested(stratum: str, params: SplittingParams) -> bool:
    """Return whether a stratum gives rows to the test: general rows never do."""
    return params.test > 0 and stratum != GENERAL_STRATUM


def fewest_groups(stratum: str, params: SplittingParams) -> int:
    """Return how many groups a stratum needs to be in every split."""
    return 2 + is_tested(stratum, params)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()

"""Which split a group goes to: by seeded hash within its stratum, shares kept across all strata."""

import hashlib
from dataclasses import dataclass, field

from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams


@dataclass
class Assignment:
    """Splits of the groups.

    Attributes:
        splits: Split by the group's name.
        rare: Strata with too few groups to be in every split; they are for training only.
    """

    splits: dict[str, str]
    rare: list[str] = field(default_factory=list)


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
            if here + len(group.members) <= limit:
                chosen.add(group.name)
                here += len(group.members)
        left = [group for group in queue if group.name not in chosen]
        if left and len(chosen) < most:
            missing = limit - here
            nearest = min(left, key=lambda group: abs(missing - len(group.members)))
            if len(nearest.members) <= 2 * missing:
                chosen.add(nearest.name)
                here += len(nearest.members)
        self.taken += here
        return chosen


def assign(groups: list[Group], params: SplittingParams) -> Assignment:
    """Assign each group to train, validation or test.

    The shares of a stratum are those of its rows; a stratum with fewer groups than splits is rare and goes to train.

    Args:
        groups: All groups.
        params: Shares and seed.
    """
    result = Assignment({group.name: "train" for group in groups})
    strata: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: _rank(params.seed, group.name)):
        strata.setdefault(group.stratum, []).append(group)
    test, validation = _Quota(params.test), _Quota(params.validation)
    for stratum in sorted(strata):
        queue = strata[stratum]
        rows = sum(len(group.members) for group in queue)
        tested = params.test > 0 and stratum != GENERAL_STRATUM
        if len(queue) < 2 + tested:
            result.rare.append(stratum)
            continue
        if tested:
            able = [group for group in queue if group.testable]
            taken = test.take(able, rows, most=len(queue) - 2)
            result.splits |= dict.fromkeys(taken, "test")
            queue = [group for group in queue if group.name not in taken]
        result.splits |= dict.fromkeys(validation.take(queue, rows, most=len(queue) - 1), "validation")
    return result


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()

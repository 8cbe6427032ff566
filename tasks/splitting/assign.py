"""Which split a group goes to, by the method asked for, and which strata are too small to be divided."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import DataError
from tasks.splitting.chronology import Cuts, by_time
from tasks.splitting.frozen import by_hash
from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams
from tasks.splitting.quota import by_quota, fewest_groups


@dataclass(frozen=True)
class Assignment:
    """Splits of the groups.

    Attributes:
        splits: Split by the group's name.
        rare: Strata with fewer groups than splits, sorted.
        cuts: Where the splits begin in time; None for the other methods.
    """

    splits: dict[str, str]
    rare: list[str]
    cuts: Cuts | None = None


def assign(groups: Sequence[Group], params: SplittingParams, times: Sequence[float | None] = ()) -> Assignment:
    """Assign each group to train, validation or test.

    Args:
        groups: All groups.
        params: Method, shares and seed.
        times: For the method time, of each record: Unix seconds, or None.

    Raises:
        DataError: There are rare strata and they shall fail the run; there are too few different times to cut at.
    """
    counts = Counter(group.stratum for group in groups)
    rare = sorted(name for name, count in counts.items() if count < fewest_groups(name, params))
    if rare and params.on_rare == "fail":
        listed = ", ".join(f"{name} ({counts[name]})" for name in rare)
        raise DataError(
            f"strata of '{params.stratify_by or 'origin'}' with fewer groups than splits: {listed}. Give more data, "
            "choose another splitting.stratify_by, or set splitting.on_rare to train or merge."
        )
    if params.method == "hash":
        return Assignment(by_hash(groups, params), rare)
    if params.method == "random":
        return Assignment(by_quota(groups, params, rare if params.on_rare == "merge" else ()), rare)
    splits, cuts = by_time([group for group in groups if group.stratum != GENERAL_STRATUM], times, params)
    # General rows are of no time: they are divided as they would be at random.
    general = by_quota([group for group in groups if group.stratum == GENERAL_STRATUM], params)
    return Assignment(splits | general, rare, cuts)

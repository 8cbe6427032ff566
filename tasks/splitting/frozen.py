"""A test set that stays: the split of a group depends on nothing but what its own records are.

Each key (`tasks.splitting.groups.key_of`) has a place between 0 and 1 by salted hash; a group lies where its lowest key
does. From 0 up lie the test, the validation and then training. More data can only add groups, or add keys to a group
that was there (new records in it, or two groups joined by a new record), and the lowest of more keys is never higher:
a group may move from training to validation and from there to the test, never back. So a row that was in the test once
is not trained on later, in whatever order the data grow and whatever their files are called.

What this costs: shares are met on average only, and a group of k keys is in the test with a chance of 1 - (1 - test)^k.
A group has more than one key where a chain of shared values joins several values of the first field of `group_by`.

What it cannot know: a row that earlier stages no longer let through. A near-duplicate that comes before an old test row
in the files takes its place in dedup, and is another row here; new files named behind the old ones leave the old rows
in place. A group of several keys may move back when the row with its lowest key is dropped.
"""

import hashlib
from collections.abc import Sequence

from tasks.splitting.groups import GENERAL_STRATUM, Group
from tasks.splitting.params import SplittingParams


def by_hash(groups: Sequence[Group], params: SplittingParams) -> dict[str, str]:
    """Return the split of each group, by its name.

    Args:
        groups: All groups.
        params: Shares, and the seed as salt. A larger test share keeps all of the smaller one's test.
    """
    return {group.name: _split(group, params) for group in groups}


def place_of(key: str, salt: int) -> float:
    """Return the place of a key: uniform in [0, 1), the same on every machine."""
    digest = hashlib.sha256(f"{salt}:{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _split(group: Group, params: SplittingParams) -> str:
    place = min(place_of(key, params.seed) for key in group.keys)
    # No general row is tested: of those the validation begins at 0.
    test = 0.0 if group.stratum == GENERAL_STRATUM else params.test
    if place < test:
        return "test"
    return "validation" if place < test + params.validation else "train"

"""Training rows that another split gives away: they ask the same or nearly so, or share a group with a held-out row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.dedup.near import cross_pairs
from tasks.errors import DataError
from tasks.splitting.groups import values_of
from tasks.store.records import Row

SHOWN = 5
# The search proposes pairs by chance and misses few at its floor, far fewer above it: a floor below the threshold finds
# nearly all that count.
BELOW = 0.1


@dataclass(frozen=True)
class Pair:
    """A training row and a row of another split.

    Attributes:
        train: Id of the training row.
        other: Id of the other one.
        split: Where the other one is.
        similarity: Jaccard of the word runs of what is asked; 1 for equal texts and for a shared group.
        method: `exact` for equal normalised texts, `group` for a shared value of a group's field, else `near`.
    """

    train: str
    other: str
    split: str
    similarity: float
    method: str

    @property
    def closeness(self) -> tuple[float, str, str]:
        """Sorts the closest pair first, and always the same way."""
        return -self.similarity, self.train, self.other

    def row(self) -> dict[str, Any]:
        """Return the pair as JSON."""
        return asdict(self)


def pairs_across(
    train: Sequence[Row], others: Mapping[str, Sequence[Row]], asked: Mapping[str, str], threshold: float
) -> list[Pair]:
    """Return the pairs of at least a similarity, and all exact ones, closest first.

    Args:
        train: Training rows.
        others: Rows of the other splits, by split.
        asked: What each row asks, normalised, by id.
        threshold: Smallest Jaccard.
    """
    behind = [(split, record) for split, records in others.items() for record in records]
    train_asked = [asked[record["id"]] for record in train]
    behind_asked = [asked[record["id"]] for _split, record in behind]
    found: dict[tuple[int, int], Pair] = {}

    def note(left: int, right: int, similarity: float, method: str) -> None:
        split, record = behind[right]
        found.setdefault((left, right), Pair(train[left]["id"], record["id"], split, similarity, method))

    equal: dict[str, list[int]] = {}
    for right, text in enumerate(behind_asked):
        equal.setdefault(text, []).append(right)
    for left, text in enumerate(train_asked):
        for right in equal.get(text, ()):
            note(left, right, 1.0, "exact")
    for left, right, similarity in cross_pairs(train_asked, behind_asked, threshold - BELOW):
        if similarity >= threshold:
            note(left, right, float(similarity), "near")
    return sorted(found.values(), key=lambda pair: pair.closeness)


def shared_groups(train: Sequence[Row], heldout: Sequence[Row], group_by: Sequence[str]) -> list[Pair]:
    """Return a pair for each training row of the task that shares a value of a group's field with a held-out row.

    Held-out rows are chosen elsewhere, so no split can keep their groups together.
    """
    first: dict[tuple[str, str], str] = {}
    for record in heldout:
        for named in values_of(record, group_by):
            first[named] = min(record["id"], first.get(named, record["id"]))
    pairs = []
    for record in train:
        if record["origin"] != "general":
            met = [first[named] for named in values_of(record, group_by) if named in first]
            pairs += [Pair(record["id"], min(met), "heldout", 1.0, "group")] if met else []
    return pairs


def worst_of_each(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the closest pair of each training row, closest first."""
    worst: dict[str, Pair] = {}
    for pair in sorted(pairs, key=lambda pair: pair.closeness):
        worst.setdefault(pair.train, pair)
    return list(worst.values())


def close_leaks(train: Sequence[Row], pairs: Iterable[Pair], on_leak: str) -> tuple[list[Row], list[Pair]]:
    """Take leaking rows out of the training split.

    Args:
        train: Training rows.
        pairs: All leaks found.
        on_leak: `remove` or `fail`.

    Returns:
        The training rows that stay, and the closest leak of each that does not.

    Raises:
        DataError: There are leaks and `on_leak` is `fail`.
    """
    leaks = worst_of_each(pairs)
    if leaks and on_leak == "fail":
        listed = "; ".join(
            f"{pair.train} and {pair.other} of {pair.split} ({pair.method} {pair.similarity:.2f})"
            for pair in leaks[:SHOWN]
        )
        raise DataError(
            f"{len(leaks)} training rows nearly repeat a row of another split, or share its group: {listed}. Take them "
            "out of the data, keep them together with splitting.group_by, or set splitting.on_leak to remove."
        )
    gone = {pair.train for pair in leaks}
    return [record for record in train if record["id"] not in gone], leaks

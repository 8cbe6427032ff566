"""The proof that no training row asks what a row of another split asks, or nearly so."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tasks.dedup.near import cross_pairs
from tasks.errors import DataError, ProofError
from tasks.mixing.choose import asked
from tasks.store.records import Row

SHOWN = 10
# Pairs below the threshold are searched for too, so that the closest ones that may stay can be shown: far below it
# where that is cheap, for the lower the floor the more pairs are compared exactly.
FEW_PAIRS = 2_000_000
FLOOR_FOR_FEW = 0.3
BELOW_FOR_MANY = 0.1


@dataclass(frozen=True)
class Pair:
    """A training row and a row of another split.

    Attributes:
        train: Id of the training row.
        other: Id of the other one.
        split: Where the other one is.
        similarity: Jaccard of the word runs of what is asked; 1 for equal texts.
        method: `exact` for equal normalised texts, else `near`.
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


def pairs_across(train: list[Row], others: Mapping[str, list[Row]], floor: float) -> list[Pair]:
    """Return the pairs of at least a similarity, and all exact ones, closest first.

    Args:
        train: Training rows.
        others: Rows of the other splits, by split.
        floor: Smallest Jaccard to report.
    """
    train_asked = [asked(record) for record in train]
    behind = [(split, record) for split, records in others.items() for record in records]
    behind_asked = [asked(record) for _split, record in behind]
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
    for left, right, similarity in cross_pairs(train_asked, behind_asked, floor):
        note(left, right, float(similarity), "near")
    return sorted(found.values(), key=lambda pair: pair.closeness)


def leaks_of(pairs: Iterable[Pair], threshold: float) -> list[Pair]:
    """Return the closest leaking pair of each training row, closest first."""
    worst: dict[str, Pair] = {}
    for pair in sorted(pairs, key=lambda pair: pair.closeness):
        if pair.method == "exact" or pair.similarity >= threshold:
            worst.setdefault(pair.train, pair)
    return list(worst.values())


def close_leaks(
    train: list[Row], others: Mapping[str, list[Row]], threshold: float, on_leak: str
) -> tuple[list[Row], list[Pair], list[Pair]]:
    """Take leaking rows out of the training split and prove that none is left.

    Args:
        train: Training rows.
        others: Rows of the other splits, by split.
        threshold: Jaccard from which two rows are near-duplicates.
        on_leak: `remove` or `fail`.

    Returns:
        The training rows that stay, the leaks that were removed, the closest pairs that stay.

    Raises:
        DataError: There are leaks and `on_leak` is `fail`.
        ProofError: A second search still finds a leak.
    """
    few = len(train) * sum(map(len, others.values())) <= FEW_PAIRS
    pairs = pairs_across(train, others, FLOOR_FOR_FEW if few else threshold - BELOW_FOR_MANY)
    leaks = leaks_of(pairs, threshold)
    if leaks and on_leak == "fail":
        listed = "; ".join(
            f"{pair.train} is {pair.similarity:.2f} like {pair.other} ({pair.split})" for pair in leaks[:5]
        )
        raise DataError(
            f"{len(leaks)} training rows nearly repeat a row of another split: {listed}. Take them out of the data, "
            "keep them together with splitting.group_by, or set splitting.on_leak to remove."
        )
    gone = {pair.train for pair in leaks}
    kept = [record for record in train if record["id"] not in gone]
    if left := leaks_of(pairs_across(kept, others, threshold), threshold):
        raise ProofError(
            f"after the removal of {len(leaks)} leaks the second check still finds {len(left)}, the first between "
            f"{left[0].train} and {left[0].other} ({left[0].split}): the near-duplicate search is at fault, not the "
            "data"
        )
    return kept, leaks, [pair for pair in pairs if pair.train not in gone][:SHOWN]

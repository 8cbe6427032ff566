"""Which general records go in: by seeded hash of the id, so that neither order nor other records decide."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.dedup.texts import compared, normalise
from tasks.errors import DataError
from tasks.store.records import Row


@dataclass(frozen=True)
class Choice:
    """What became of the general records.

    Attributes:
        chosen: In the order they came.
        equal_to_task: Rows left out because a task row asks the same.
        repeated: Rows left out because another general row asks the same.
        not_needed: Rows that the share had no room for.
    """

    chosen: list[Row]
    equal_to_task: int
    repeated: int
    not_needed: int


def asked(record: Row) -> str:
    """Return what a record asks, normalised: by this two records count as equal, whatever they answer."""
    # Where there is nothing but a system turn and an answer, all rows would ask the same: then all texts count.
    return compared(record).question or normalise(" ".join(turn["content"] for turn in record["messages"]))


def rows_for_share(task_rows: int, share: float) -> int:
    """Return how many general rows make up a share of the mixed set."""
    return round(task_rows * share / (1 - share))


def choose(task: Iterable[Row], general: Iterable[Row], needed: int, seed: int) -> Choice:
    """Choose general records.

    Args:
        task: The task records.
        general: The general records.
        needed: How many to choose.
        seed: Part of each record's rank.

    Raises:
        DataError: There are too few.
    """
    general = list(general)
    of_task = {asked(record) for record in task}
    taken: set[str] = set()
    equal_to_task = repeated = 0
    candidates: list[Row] = []
    # In the order of rank, so that of two general rows that ask the same always the same one stays.
    for record in sorted(general, key=lambda record: _rank(seed, record["id"])):
        text = asked(record)
        if text in of_task:
            equal_to_task += 1
        elif text in taken:
            repeated += 1
        else:
            taken.add(text)
            candidates.append(record)
    if len(candidates) < needed:
        raise DataError(
            f"the share needs {needed} general rows, but of the {len(general)} there only {len(candidates)} can be "
            f"used ({equal_to_task} ask the same as a task row, {repeated} repeat another general row). Add general "
            "rows (mixing.files) or lower mixing.share."
        )
    names = {record["id"] for record in candidates[:needed]}
    chosen = [record for record in general if record["id"] in names]
    return Choice(chosen, equal_to_task, repeated, len(candidates) - needed)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()

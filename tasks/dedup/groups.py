"""Duplicate groups: pairs joined to groups, the first row of each kept."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.errors import DataError
from tasks.store.records import Row


@dataclass(frozen=True)
class Removed:
    """Why a row is not kept.

    Attributes:
        method: The pass that removed it.
        similarity: Highest similarity to another row of its group in that pass.
        like: Position of that other row.
    """

    method: str
    similarity: float
    like: int


class Groups:
    """Union-find over row positions; a group's root is always its first row, which is the one kept."""

    def __init__(self, rows: int) -> None:
        self._parent = list(range(rows))
        self.removed: dict[int, Removed] = {}

    def root(self, row: int) -> int:
        """Return the kept row of a row's group."""
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, method: str, pairs: Iterable[tuple[int, int, float]]) -> int:
        """Join the pairs of one pass and return how many rows that removes.

        Groups are transitive: a row can be removed because of a row that is removed itself.
        """
        best: dict[int, tuple[float, int]] = {}
        for left, right, similarity in pairs:
            for row, other in ((left, right), (right, left)):
                # The lowest position wins among equals, whatever the order of the pairs.
                best[row] = max(best.get(row, (-1.0, 0)), (similarity, -other))
            first, second = sorted((self.root(left), self.root(right)))
            self._parent[second] = first
        gone = [row for row in sorted(best) if self.root(row) != row and row not in self.removed]
        for row in gone:
            similarity, other = best[row]
            self.removed[row] = Removed(method, round(min(similarity, 1.0), 4), -other)
        return len(gone)

    def kept(self) -> list[int]:
        """Return the rows that are kept, in order."""
        return [row for row, parent in enumerate(self._parent) if parent == row]

    def lines(self, ids: list[str]) -> list[Row]:
        """Return one line for each group with removed members, in the order of the kept rows."""
        members: dict[int, list[int]] = defaultdict(list)
        for row in sorted(self.removed):
            members[self.root(row)].append(row)
        return [
            {
                "group": ids[kept],
                "kept": ids[kept],
                "members": [
                    {
                        "id": ids[row],
                        "method": self.removed[row].method,
                        "similarity": self.removed[row].similarity,
                        "like": ids[self.removed[row].like],
                    }
                    for row in rows
                ],
            }
            for kept, rows in sorted(members.items())
        ]


def check_account(read: int, unique: int, duplicates: int, conflicts: int) -> None:
    """Raise when a row was lost or counted twice.

    Raises:
        DataError: The figures do not add up.
    """
    if read != unique + duplicates + conflicts:
        raise DataError(
            f"dedup read {read} rows but accounts for {unique} unique + {duplicates} duplicates + {conflicts} in "
            "conflict. This is an error of the stage, not of the data: please report it with this run's artefact of "
            "ingest."
        )

"""Duplicate groups: pairs joined to groups, one row of each kept: the first, or the one that a rule prefers."""

from collections import defaultdict
from collections.abc import Callable, Iterable
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
    """Union-find over row positions; a group's root is always its first row."""

    def __init__(self, rows: int) -> None:
        self._parent = list(range(rows))
        self._met: dict[int, Removed] = {}
        self._preferred: dict[int, int] = {}
        self.removed: dict[int, Removed] = {}

    def root(self, row: int) -> int:
        """Return the first row of a row's group."""
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
        for row, (similarity, other) in best.items():
            # A first row may yet have to leave for a better one; then its first meeting says why.
            self._met.setdefault(row, Removed(method, round(min(similarity, 1.0), 4), -other))
        gone = [row for row in sorted(best) if self.root(row) != row and row not in self.removed]
        for row in gone:
            similarity, other = best[row]
            self.removed[row] = Removed(method, round(min(similarity, 1.0), 4), -other)
        return len(gone)

    def prefer(self, choose: Callable[[list[int]], int]) -> None:
        """Let each group be stood for by the row that is chosen of its rows, once all pairs are joined.

        Args:
            choose: Given the rows of a group in order, returns one of them.
        """
        members: dict[int, list[int]] = defaultdict(list)
        for row in sorted(self.removed):
            members[self.root(row)].append(row)
        for first, others in members.items():
            chosen = choose([first, *others])
            if chosen != first:
                self._preferred[first] = chosen
                self.removed[first] = self._met[first]
                del self.removed[chosen]

    def kept(self) -> list[int]:
        """Return the rows that are kept, in order."""
        firsts = (row for row, parent in enumerate(self._parent) if parent == row)
        return sorted(self._preferred.get(row, row) for row in firsts)

    def lines(self, ids: list[str]) -> list[Row]:
        """Return one line for each group with removed members, in the order of the kept rows."""
        members: dict[int, list[int]] = defaultdict(list)
        for row in sorted(self.removed):
            first = self.root(row)
            members[self._preferred.get(first, first)].append(row)
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

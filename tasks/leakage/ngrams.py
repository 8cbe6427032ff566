"""Which word runs of benchmark items occur in training rows, by numbers that stand for true words.

Runs are numbered by doubling (Karp, Miller, Rosenberg 1972): each word has a number, a run of 2k words has that of the
pair of its halves, a run of n words that of two overlapping runs whose length is a power of two. Equal numbers are
equal words: nothing is hashed, so nothing can collide. Only what occurs in an item is numbered; a word that no item has
ends a run at once, which keeps the search at the speed of looking words up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.leakage.words import Words

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray

BATCH_WORDS = 1_000_000
NONE = 0
"""The number of a word or run that no item has."""


@dataclass(frozen=True)
class Overlap:
    """An item and a row that have word runs in common.

    Attributes:
        item: Position of the item.
        row: Position of the row.
        share: Share of the item's words that lie in common runs, above 0 and at most 1.
    """

    item: int
    row: int
    share: float


class ItemRuns:
    """The word runs of items, ready to be looked for in rows.

    Args:
        items: Words of each item.
        longest: Words of a run.
        shortest: An item with fewer words than `longest` is one run of its own length, one with fewer than this has
            none.
    """

    def __init__(self, items: Sequence[Words], longest: int, shortest: int) -> None:
        import numpy as np

        self._vocabulary = {word: at for at, word in enumerate(dict.fromkeys(w for item in items for w in item), 1)}
        self._length = np.array([len(item) for item in items], dtype=np.int64)
        self.size = np.where(self._length < shortest, 0, np.minimum(self._length, longest))
        """Words of each item's runs; 0 for an item too short to have one."""
        self._pairs: dict[tuple[int, int], Numbers] = {}
        text, item_of = self._numbered(items)
        levels = {1: text}
        sizes = np.unique(self.size[self.size > 0]).tolist()
        self._runs = {size: self._collect(levels, item_of, size) for size in sizes}

    def overlaps(self, rows: Iterable[Words], limit: float = 0.0) -> Iterator[list[Overlap]]:
        """Yield, for each row that has a run of an item, its overlap with each such item, in the order of the rows.

        Args:
            rows: Words of each row.
            limit: Smaller overlaps are left out where an earlier row had just the same runs in common with the items,
                and so the same overlaps: a phrase in thousands of items and rows costs no more than one row.
        """
        known: dict[tuple[int, bytes], list[tuple[int, float]]] = {}
        for first, batch in _batches(rows):
            text, row_of = self._numbered(batch)
            levels = {1: text}
            hits: dict[int, list[tuple[int, float]]] = {}
            for size, runs in self._runs.items():
                found = self._number(levels, size, learn=False)
                for row, common in _by_row(runs, found, row_of):
                    key = size, common.tobytes()
                    if key in known:
                        shares = known[key]
                    else:
                        shares = self._shares(runs, common, size)
                        known[key] = [(item, share) for item, share in shares if share >= limit]
                    if shares:
                        hits.setdefault(row, []).extend(shares)
            for row in sorted(hits):
                yield [Overlap(item, first + row, share) for item, share in sorted(hits[row])]

    def _numbered(self, texts: Sequence[Words]) -> "tuple[Numbers, Numbers]":
        """Return the words' numbers, each text ended by NONE so that no run crosses, and each position's text."""
        import numpy as np

        get = self._vocabulary.get
        numbers: list[int] = []
        for text in texts:
            numbers += [get(word, NONE) for word in text]
            numbers.append(NONE)
        lengths = [len(text) + 1 for text in texts]
        return np.array(numbers, dtype=np.int64), np.repeat(np.arange(len(texts)), lengths)

    def _number(self, levels: "dict[int, Numbers]", size: int, *, learn: bool) -> "Numbers":
        """Return the number of the run of `size` words that starts at each position.

        Args:
            levels: Numbers of the runs whose length is a power of two; filled as far as needed.
            size: Words of a run.
            learn: Give numbers to runs not known yet; else they are NONE.
        """
        half = 1 << (size.bit_length() - 1)
        power = 1
        while power < half:
            if 2 * power not in levels:
                levels[2 * power] = self._pair(levels[power], power, (2 * power, power), learn=learn)
            power *= 2
        return levels[half] if half == size else self._pair(levels[half], size - half, (size, half), learn=learn)

    def _pair(self, numbers: "Numbers", apart: int, name: tuple[int, int], *, learn: bool) -> "Numbers":
        import numpy as np

        if len(numbers) <= apart:
            return np.zeros(0, dtype=np.int64)
        left, right = numbers[:-apart], numbers[apart:]
        at = np.flatnonzero((left != NONE) & (right != NONE))
        keys = (left[at] << 32) | right[at]
        if learn:
            self._pairs[name] = np.unique(keys)
        known = self._pairs[name]
        place = np.minimum(np.searchsorted(known, keys), max(0, len(known) - 1))
        same = known[place] == keys if len(known) else np.zeros(len(keys), dtype=bool)
        result = np.zeros(len(left), dtype=np.int64)
        result[at[same]] = place[same] + 1
        return result

    def _collect(self, levels: "dict[int, Numbers]", item_of: "Numbers", size: int) -> "_Runs":
        import numpy as np

        numbers = self._number(levels, size, learn=True)
        at = np.flatnonzero(numbers)
        at = at[self.size[item_of[at]] == size]
        at = at[np.argsort(numbers[at], kind="stable")]
        starts = np.searchsorted(numbers[at], np.arange(1, int(numbers.max(initial=0)) + 2))
        return _Runs(at, item_of[at], starts)

    def _shares(self, runs: "_Runs", common: "Numbers", size: int) -> list[tuple[int, float]]:
        """Return the items that have the runs in `common`, with the share of their words that lie in them."""
        import numpy as np

        chosen = np.concatenate([np.arange(runs.starts[run - 1], runs.starts[run]) for run in common.tolist()])
        chosen = chosen[np.argsort(runs.position[chosen])]
        positions, items = runs.position[chosen], runs.item[chosen]
        # A run covers up to where the next one starts; that of another item starts behind the last one's end.
        covered = np.minimum(np.diff(positions, append=positions[-1:] + size), size)
        touched, where = np.unique(items, return_inverse=True)
        shares = np.bincount(where, weights=covered) / self._length[touched]
        return list(zip(touched.tolist(), shares.tolist(), strict=True))


@dataclass(frozen=True)
class _Runs:
    """Where the runs of one length occur, sorted by their number; those of run k are `starts[k - 1]` to `starts[k]`."""

    position: "Numbers"
    item: "Numbers"
    starts: "Numbers"


def _batches(rows: Iterable[Words]) -> Iterator[tuple[int, list[Words]]]:
    """Yield (position of the first row, rows) with about a million words each."""
    batch: list[Words] = []
    first = held = 0
    for at, row in enumerate(rows):
        batch.append(row)
        held += len(row) + 1
        if held >= BATCH_WORDS:
            yield first, batch
            batch, first, held = [], at + 1, 0
    if batch:
        yield first, batch


def _by_row(runs: _Runs, found: "Numbers", row_of: "Numbers") -> "Iterator[tuple[int, Numbers]]":
    """Yield each row that has such runs, with their distinct numbers, sorted."""
    import numpy as np

    at = np.flatnonzero(found)
    # Runs of longer items, which are judged by longer runs, have numbers too, but occur in no item of this size.
    at = at[np.diff(runs.starts)[found[at] - 1] > 0]
    if len(at):
        rows = row_of[at]
        cuts = np.flatnonzero(np.diff(rows)) + 1
        for part in np.split(at, cuts):
            yield int(row_of[part[0]]), np.unique(found[part])

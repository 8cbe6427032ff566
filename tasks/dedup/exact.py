"""Equal rows, and equal prompts with different answers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.dedup.texts import Compared


@dataclass(frozen=True)
class Conflict:
    """Rows whose prompts are equal while their answers differ.

    Attributes:
        prompt_key: Hash of the normalised prompt.
        rows: Positions of all rows with that prompt, ascending; repeated rows included.
    """

    prompt_key: str
    rows: tuple[int, ...]


def exact_pairs(keys: Sequence[str]) -> list[tuple[int, int]]:
    """Return (first, later) for each position whose key was seen before."""
    first: dict[str, int] = {}
    return [(first[key], index) for index, key in enumerate(keys) if first.setdefault(key, index) != index]


def find_conflicts(rows: Sequence[Compared]) -> list[Conflict]:
    """Return the contradictions among rows, in the order of their first row; plain texts have none."""
    by_prompt: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.prompt_key:
            by_prompt[row.prompt_key].append(index)
    return [
        Conflict(key, tuple(members))
        for key, members in by_prompt.items()
        if len({rows[index].answer_key for index in members}) > 1
    ]

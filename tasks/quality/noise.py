"""Label noise: prompts that are equal or nearly so, with different answers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tasks.dedup.near import near_pairs
from tasks.dedup.texts import normalise
from tasks.quality.examples import Example, NoValue
from tasks.store.records import Row, turn_text

WHOLE = "(whole answer)"


@dataclass(frozen=True)
class Contradiction:
    """Two rows that cannot both be right.

    Attributes:
        left: The row that comes first.
        right: The other one.
        similarity: Jaccard similarity of the prompts; 1 for equal ones.
        differs: The keys of JSON answers, or what else the answers differ in; never a value.
        explained: Each differing value stands in its own prompt and not in the other: the prompts differ where the
            answers do, as they should.
    """

    left: Example
    right: Example
    similarity: float
    differs: tuple[str, ...]
    explained: bool = False

    def line(self) -> Row:
        """Return the pair as a line of issues."""
        return self.left.place | {
            "other": self.right.place,
            "similarity": round(self.similarity, 4),
            "differs": list(self.differs),
            "explained": self.explained,
        }


def equal_prompts(conflicts: Iterable[Row], examples: Mapping[str, Example]) -> list[Contradiction]:
    """Return the contradictions that dedup listed, as pairs: each other answer with the first row of its prompt.

    Args:
        conflicts: Lines of dedup's `conflicts.jsonl`.
        examples: The rows they name, by id.
    """
    found = []
    for conflict in conflicts:
        first, *others = conflict["rows"]
        left = examples[first["id"]]
        for other in others:
            if other["answer_hash"] != first["answer_hash"]:
                right = examples[other["id"]]
                found.append(Contradiction(left, right, 1.0, differences(left, right)))
    return found


def near_prompts(examples: Sequence[Example], threshold: float) -> list[Contradiction]:
    """Return the pairs of rows whose prompts are near-same and whose answers differ; equal prompts are left out.

    Rows are compared under one system prompt: another one asks for something else.

    Args:
        examples: Unique rows; plain texts have no prompt and are not compared.
        threshold: Jaccard similarity of the prompts' shingles.
    """
    asked = [example for example in examples if example.compared.prompt_key]
    questions, systems = [example.compared.question for example in asked], [_system(example) for example in asked]
    found = []
    for i, j, similarity in near_pairs(questions, threshold=threshold, labels=systems):
        left, right = asked[i], asked[j]
        one, two = left.compared, right.compared
        if one.answer_key != two.answer_key and one.prompt_key != two.prompt_key:
            found.append(
                Contradiction(left, right, similarity, differences(left, right), explained=_explained(left, right))
            )
    return found


def differences(left: Example, right: Example) -> tuple[str, ...]:
    """Say in what two answers differ: keys of objects (`a.b`), elements of lists (`a[2]`), calls, or the whole."""
    if left.calls != right.calls:
        return ("called functions",)
    if left.calls:
        return ("arguments of calls",)
    if isinstance(left.value, (dict, list)) and isinstance(right.value, (dict, list)):
        return tuple(place or WHOLE for place, _, _ in _leaves(left.value, right.value, "")) or ("spelling",)
    return (WHOLE,)


def rows_of(pairs: Iterable[Contradiction]) -> set[str]:
    """Return the ids of the rows that take part."""
    return {example.record["id"] for pair in pairs for example in (pair.left, pair.right)}


def keys_of(pairs: Iterable[Contradiction]) -> dict[str, int]:
    """Return how many pairs differ in each place, most frequent first; places inside one list count together."""
    counts: dict[str, int] = defaultdict(int)
    for pair in pairs:
        for place in {place.partition("[")[0] for place in pair.differs}:
            counts[place] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _system(example: Example) -> str:
    return normalise("\n".join(turn_text(turn) for turn in example.record["messages"] if turn["role"] == "system"))


def _explained(left: Example, right: Example) -> bool:
    if isinstance(left.value, (dict, list)) and isinstance(right.value, (dict, list)):
        changes = [(a, b) for _, a, b in _leaves(left.value, right.value, "")]
    else:
        changes = [(left.answer, right.answer)]
    mine, others = left.compared.question, right.compared.question
    return bool(changes) and all(_says(mine, others, a) and _says(others, mine, b) for a, b in changes)


def _says(own: str, other: str, value: Any) -> bool:
    """Return whether a value stands in its own prompt alone; null, for what is absent, must not be asked for."""
    if value is None or value is NoValue:
        return True
    text = normalise(str(value))
    return bool(text) and text in own and text not in other


def _leaves(left: Any, right: Any, above: str) -> list[tuple[str, Any, Any]]:
    """Return (place, left value, right value) where two JSON values differ; `NoValue` where one side has nothing."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = list(dict.fromkeys([*left, *right]))
        pairs = [(f"{above}.{key}" if above else key, left.get(key, NoValue), right.get(key, NoValue)) for key in keys]
    elif isinstance(left, list) and isinstance(right, list):
        sides = enumerate(zip_longest(left, right, fillvalue=NoValue))
        pairs = [(f"{above}[{index}]", one, two) for index, (one, two) in sides]
    else:
        return [] if type(left) is type(right) and left == right else [(above, left, right)]
    return [leaf for place, one, two in pairs for leaf in _leaves(one, two, place)]

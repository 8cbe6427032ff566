"""What every metric takes and gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

from tasks.store.records import Row


@dataclass(frozen=True)
class Item:
    """One answered question.

    Attributes:
        id: The record's.
        source: Name of the file that the record came from.
        messages: The turns of the prompt.
        expected: The right answer.
        answer: The model's.
        cut: The answer ended at the length limit.
    """

    id: str
    source: str
    messages: list[Row]
    expected: str
    answer: str
    cut: bool


@dataclass(frozen=True)
class Score:
    """How one answer did.

    Attributes:
        value: The deciding figure, 0 to 1, more is better.
        figures: Every figure of the item, 0 to 1, more is better; the deciding one is among them under the metric's
        `main`. detail: JSON, for the item's line and the summary's tables.
    """

    value: float
    figures: dict[str, float]
    detail: dict[str, Any] = field(default_factory=dict)


class Table(TypedDict):
    """A table of a summary: numbers stay numbers, shares lie in 0 to 1."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


class Summary(TypedDict):
    """What a metric says about all items together.

    `value` is the mean of the items' values. `figures` holds the mean of each figure over the items that have it, and
    what only exists for all items together, such as macro F1.
    """

    kind: str
    main: str
    n: int
    value: float
    figures: dict[str, float]
    tables: list[Table]


class Metric(Protocol):
    """Scores answers. A metric may also have `check(items)`, which refuses items that it cannot score (`ConfigError`).

    `check` is called before anything is asked: the items' answers are empty then.
    """

    main: str

    def score(self, items: Sequence[Item], /) -> list[Score]:
        """Return a score for each item, in their order."""
        ...

    def summarise(self, items: Sequence[Item], scores: Sequence[Score], /) -> Summary:
        """Return what the scores say together; `scores` are those that `score` gave for these items."""
        ...


def summary(
    kind: str,
    main: str,
    scores: Sequence[Score],
    tables: Iterable[Table] = (),
    more: dict[str, float] | None = None,
) -> Summary:
    """Return a summary whose figures are means over the items.

    Args:
        kind: The metric's kind.
        main: Name of the deciding figure.
        scores: Of all items; at least one.
        tables: The summary's tables.
        more: Figures that only all items together have.
    """
    names = dict.fromkeys(name for score in scores for name in score.figures)
    figures = {name: mean([score.figures[name] for score in scores if name in score.figures]) for name in names}
    return {
        "kind": kind,
        "main": main,
        "n": len(scores),
        "value": mean([score.value for score in scores]),
        "figures": figures | (more or {}),
        "tables": list(tables),
    }


def mean(values: Sequence[float]) -> float:
    """Return the mean; of at least one value."""
    return sum(values) / len(values)


def ratio(part: float, whole: float) -> float:
    """Return a share, which is 0 of nothing (as scikit-learn has it for precision, recall and F1)."""
    return part / whole if whole else 0.0


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean of precision and recall."""
    return ratio(2 * precision * recall, precision + recall)

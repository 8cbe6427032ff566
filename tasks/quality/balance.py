"""Classes: how many rows each has, how long their prompts and answers are, and whether length gives a class away."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from tasks.errors import ConfigError
from tasks.quality.examples import Example
from tasks.quality.shapes import label_of, label_set

ABSENT = "(none)"
# Fewer rows than this say nothing about lengths.
COMPARABLE = 10


@dataclass(frozen=True)
class Stratum:
    """One class.

    Attributes:
        name: Value of the field, or the label.
        rows: How many.
        share: Of all rows.
        prompt_mean: Characters.
        prompt_median: Characters.
        answer_mean: Characters.
        answer_median: Characters.
        effect: Rank-biserial correlation of answer length, this class against all others: from -1 (every answer is
            shorter) to 1 (every one is longer); None where too few rows could be compared.
    """

    name: str
    rows: int
    share: float
    prompt_mean: float
    prompt_median: float
    answer_mean: float
    answer_median: float
    effect: float | None

    def as_row(self) -> dict[str, Any]:
        """Return the figures for the report."""
        return asdict(self)


def strata_of(examples: Sequence[Example], field: str, max_labels: int) -> dict[str, list[int]]:
    """Return the positions of each class; nothing where neither a field nor a small set of answers gives classes.

    Raises:
        ConfigError: The field is in no record.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    if field:
        known = sorted({name for example in examples for name in example.record["fields"]})
        if examples and field not in known:
            raise ConfigError(
                f"quality.stratify_by names the field '{field}', which no row has. Known: {', '.join(known) or 'none'}"
            )
        for index, example in enumerate(examples):
            value = example.record["fields"].get(field)
            groups[ABSENT if value is None else str(value)].append(index)
    elif labels := label_set(examples, max_labels):
        for index, example in enumerate(examples):
            label = label_of(example)
            groups[label if label in labels and label is not None else ABSENT].append(index)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))


def figures(examples: Sequence[Example], groups: dict[str, list[int]]) -> list[Stratum]:
    """Return the figures of each class, largest first."""
    prompts, answers = [len(example.prompt) for example in examples], [len(example.answer) for example in examples]
    found = []
    for name, members in groups.items():
        asked, said = [prompts[index] for index in members], [answers[index] for index in members]
        others = len(examples) - len(members)
        effect = _effect(answers, members) if min(len(members), others) >= COMPARABLE else None
        found.append(
            Stratum(
                name=name,
                rows=len(members),
                share=len(members) / len(examples),
                prompt_mean=fmean(asked),
                prompt_median=float(median(asked)),
                answer_mean=fmean(said),
                answer_median=float(median(said)),
                effect=effect,
            )
        )
    return found


def imbalance(strata: Sequence[Stratum]) -> float:
    """Return rows of the largest class by rows of the smallest; 1 for fewer than two classes."""
    rows = [stratum.rows for stratum in strata]
    return max(rows) / min(rows) if len(rows) > 1 else 1.0


def chosen_longer(examples: Sequence[Example]) -> dict[str, Any] | None:
    """Return how the lengths of chosen and rejected answers compare; None without preference rows.

    Returns:
        `pairs`, the shares `longer`, `shorter` and `equal`, and `effect`: longer minus shorter, the rank-biserial
        correlation of the sign test.
    """
    pairs = [(len(example.answer), len(example.rejected)) for example in examples if example.rejected is not None]
    if not pairs:
        return None
    longer = sum(chosen > rejected for chosen, rejected in pairs) / len(pairs)
    shorter = sum(chosen < rejected for chosen, rejected in pairs) / len(pairs)
    return {
        "pairs": len(pairs),
        "longer": longer,
        "shorter": shorter,
        "equal": 1 - longer - shorter,
        "effect": longer - shorter,
    }


def _effect(lengths: Sequence[int], members: Sequence[int]) -> float:
    """Return 2 (mean rank of members - mean rank of others) / rows (Cureton 1956, Glass 1965), ties ranked alike."""
    import numpy as np
    from scipy.stats import rankdata

    ranks = rankdata(lengths)
    inside = np.zeros(len(lengths), dtype=bool)
    inside[list(members)] = True
    return float(2 * (ranks[inside].mean() - ranks[~inside].mean()) / len(lengths))

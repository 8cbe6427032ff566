"""Comparisons and what becomes of them: each is judged by its interval; rows that may only fail, after correction."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tasks.gating.holm import holm
from tasks.gating.intervals import compare
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bound

Outcome = Literal["pass", "fail", "inconclusive", "shown"]
Weight = Literal["must pass", "may fail", "shown"]

BEYOND = 10
"""Samples that lie beyond the strictest level of the correction: with fewer, its p-values would be too coarse."""


@dataclass(frozen=True)
class Line:
    """One comparison. `outcome` is "shown" where a row informs and decides nothing.

    `base` is the figure of the model that the tuned one is compared with, which `against` names. `p_value` is
    McNemar's; `p_worse` says how well "the true difference is the margin or more" fits, corrected for the number of
    rows that may fail.
    """

    name: str
    metric: str
    n: int
    rule: str
    outcome: Outcome
    base: float | None = None
    tuned: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    p_value: float | None = None
    p_worse: float | None = None
    against: str = "base"


@dataclass(frozen=True)
class Comparison:
    """The values of two models for the same items.

    Attributes:
        name: The row's.
        metric: What the values are.
        base: A value of 0 to 1 for each item; not empty.
        tuned: Those of the tuned model.
        margin: Smallest difference (tuned minus base) that is allowed; None where nothing is asked.
        weight: `must pass`: the whole interval must lie above the margin. `may fail`: it must not be proven to lie
            below.
        against: The model that `base` is of.
    """

    name: str
    metric: str
    base: Sequence[float]
    tuned: Sequence[float]
    margin: float | None = None
    weight: Weight = "shown"
    against: str = "base"


def bounded(
    name: str, metric: str, base: Sequence[float], tuned: Sequence[float], bound: Bound, against: str = "base"
) -> Comparison:
    """Return a comparison that is held to a bound."""
    weight: Weight = "must pass" if bound.must_prove else "may fail"
    return Comparison(name, metric, base, tuned, bound.margin, weight, against)


def judge_all(comparisons: Sequence[Comparison], params: GatingParams) -> list[Line]:
    """Return the rows of comparisons, in their order."""
    may_fail = sum(each.weight == "may fail" for each in comparisons)
    samples = max(params.bootstrap_samples, math.ceil(BEYOND * may_fail / (params.alpha / 2)))
    lines = [
        _line(each, params, samples if each.weight == "may fail" else params.bootstrap_samples) for each in comparisons
    ]
    return _corrected(lines, [each.weight == "may fail" for each in comparisons], params.alpha)


def _line(asked: Comparison, params: GatingParams, samples: int) -> Line:
    paired = compare(
        asked.base, asked.tuned, alpha=params.alpha, samples=samples, seed=params.seed, margin=asked.margin
    )
    outcome: Outcome = "shown"
    if asked.margin is not None and asked.weight == "must pass":
        outcome = verdict_of(paired.low, paired.high, asked.margin)
    return Line(
        name=asked.name,
        metric=asked.metric,
        n=paired.n,
        rule=_rule(asked),
        outcome=outcome,
        base=sum(asked.base) / paired.n,
        tuned=sum(asked.tuned) / paired.n,
        difference=paired.mean,
        low=paired.low,
        high=paired.high,
        margin=asked.margin,
        p_value=paired.mcnemar,
        p_worse=paired.p_below if asked.weight == "may fail" else None,
        against=asked.against,
    )


def verdict_of(low: float, high: float, margin: float) -> Outcome:
    """Return on which side of the margin an interval lies, or that it lies on both."""
    if low >= margin:
        return "pass"
    return "fail" if high < margin else "inconclusive"


def _rule(asked: Comparison) -> str:
    if asked.margin is None or asked.weight == "shown":
        return "shown only"
    points = f"{100 * asked.margin:+.1f} points"
    if asked.weight == "must pass":
        return f"pass when the interval's lower end is at least {points}"
    return f"fail when a difference below {points} is proven, corrected for all such rows; else shown only"


def _corrected(lines: list[Line], may_fail: Sequence[bool], alpha: float) -> list[Line]:
    """Let those rows fail whose corrected p-value is at most half of alpha: the interval's one side."""
    places = [place for place, flag in enumerate(may_fail) if flag]
    raw = [lines[place].p_worse for place in places]
    for place, p_value in zip(places, holm([1.0 if value is None else value for value in raw]), strict=True):
        line = lines[place]
        proven = p_value <= alpha / 2 and line.high is not None and line.margin is not None and line.high < line.margin
        lines[place] = replace(line, p_worse=p_value, outcome="fail" if proven else "shown")
    return lines

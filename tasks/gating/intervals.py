"""Intervals for a mean of paired differences.

The paired bootstrap alone is too sure of itself where few items differ: with no difference at all its interval has no
width, however few items there were. It is therefore widened: for right/wrong items to Tango's score interval
(Statistics in Medicine 17, 1998), for graded ones to Gaffke's bound for the mean of a bounded variable (2005;
Learned-Miller and Thomas, 2019), where the items' weights are drawn from a flat Dirichlet distribution, with one more
item at the worst value there is. Both keep their coverage there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Any

DIGITS = 12  # differences are shares of small integers: rounding takes floating-point dust off the interval's ends
CELLS_AT_ONCE = 4_000_000
BISECTIONS = 60


@dataclass(frozen=True)
class Paired:
    """A mean of paired differences with its interval.

    Attributes:
        n: Items.
        mean: Mean of the differences.
        low: Lower end of the two-sided interval.
        high: Its upper end.
        mcnemar: Exact McNemar p-value of "no difference"; None for graded items.
        p_below: One-sided p-value of "the true difference is `margin` or more": small when a larger drop is proven.
            None without a margin.
    """

    n: int
    mean: float
    low: float
    high: float
    mcnemar: float | None = None
    p_below: float | None = None


def compare(
    base: Sequence[float],
    tuned: Sequence[float],
    *,
    alpha: float,
    samples: int,
    seed: int,
    margin: float | None = None,
) -> Paired:
    """Compare two models item by item.

    Args:
        base: A value of 0 to 1 for each item; not empty.
        tuned: The same items' values for the tuned model.
        alpha: The interval covers 1 - alpha, two-sided.
        samples: Number of bootstrap samples.
        seed: Seed of the draws.
        margin: The difference that `p_below` tests.
    """
    import numpy as np

    before, after = np.asarray(base, dtype=float), np.asarray(tuned, dtype=float)
    differences = np.round(after - before, DIGITS)
    size = len(differences)
    means = _bootstrap(differences, samples=samples, seed=seed)
    low, high = _ends(means, means, alpha)
    below = None if margin is None else _share_from(means, margin)
    p_value = None
    if np.isin(before, (0.0, 1.0)).all() and np.isin(after, (0.0, 1.0)).all():
        better, worse = int((differences > 0).sum()), int((differences < 0).sum())
        p_value = mcnemar(better, worse)
        wide = score_interval(better, worse, size, alpha=alpha)
        wide_below = None if margin is None else score_below(better, worse, size, margin)
    else:
        lower, upper = (_bounded(differences, worst, samples=samples, seed=seed) for worst in (-1.0, 1.0))
        wide = _ends(lower, upper, alpha)
        wide_below = None if margin is None else _share_from(upper, margin)
    if below is not None and wide_below is not None:
        below = max(below, wide_below)
    mean = float(differences.mean())
    return Paired(size, mean, min(low, wide[0]), max(high, wide[1]), p_value, below)


def paired_bootstrap(differences: Sequence[float], *, alpha: float, samples: int, seed: int) -> tuple[float, float]:
    """Return the percentile interval of the mean difference, items drawn with replacement.

    Args:
        differences: Tuned minus base, one for each item; not empty.
        alpha: The interval covers 1 - alpha, two-sided.
        samples: Number of bootstrap samples.
        seed: Seed of the draws.
    """
    import numpy as np

    means = _bootstrap(np.round(np.asarray(differences, dtype=float), DIGITS), samples=samples, seed=seed)
    return _ends(means, means, alpha)


def bounded_interval(differences: Sequence[float], *, alpha: float, samples: int, seed: int) -> tuple[float, float]:
    """Return Gaffke's interval for the mean of differences that lie between -1 and 1.

    For right/wrong items it is the exact (Clopper-Pearson) one where all differences have one sign. Arguments are those
    of `paired_bootstrap`.
    """
    import numpy as np

    values = np.round(np.asarray(differences, dtype=float), DIGITS)
    lower, upper = (_bounded(values, worst, samples=samples, seed=seed) for worst in (-1.0, 1.0))
    return _ends(lower, upper, alpha)


def _bootstrap(differences: Any, *, samples: int, seed: int) -> Any:
    """Return the means of bootstrap samples.

    Drawing n items with replacement and counting how often each value comes is one multinomial draw over the distinct
    values, so the work grows with the distinct values and not with the items.
    """
    import numpy as np

    values, counts = np.unique(differences, return_counts=True)
    size = len(differences)
    rng = np.random.default_rng(seed)
    step = max(1, CELLS_AT_ONCE // len(values))
    return np.concatenate(
        [
            rng.multinomial(size, counts / size, size=min(step, samples - start)) @ values / size
            for start in range(0, samples, step)
        ]
    )


def _bounded(differences: Any, worst: float, *, samples: int, seed: int) -> Any:
    """Return weighted means of the differences and one more of `worst`; equal values get their weights at once."""
    import numpy as np

    values, counts = np.unique(np.append(differences, worst), return_counts=True)
    rng = np.random.default_rng([seed, 1])
    step = max(1, CELLS_AT_ONCE // len(values))
    means = []
    for start in range(0, samples, step):
        weights = rng.standard_gamma(counts, size=(min(step, samples - start), len(values)))
        means.append(weights @ values / weights.sum(axis=1))
    return np.concatenate(means)


def _ends(lower: Any, upper: Any, alpha: float) -> tuple[float, float]:
    import numpy as np

    low = np.quantile(lower, alpha / 2, method="lower")
    high = np.quantile(upper, 1 - alpha / 2, method="higher")
    return round(float(low), DIGITS), round(float(high), DIGITS)


def _share_from(means: Any, margin: float) -> float:
    """Return the share of sampled means that reach the margin; never zero, as no number of samples proves that."""
    return float(((means >= margin).sum() + 1) / (len(means) + 1))


def score_interval(better: int, worse: int, size: int, *, alpha: float) -> tuple[float, float]:
    """Return Tango's score interval for (better - worse) / size, the difference of two paired shares.

    Args:
        better: Items that only the tuned model has right.
        worse: Items that only the base model has right.
        size: All items, at least 1.
        alpha: The interval covers 1 - alpha, two-sided.
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    estimate = (better - worse) / size
    low = _solve(lambda delta: _score(better, worse, size, delta) > z, -1.0, estimate)
    high = -_solve(lambda delta: _score(worse, better, size, delta) > z, -1.0, -estimate)
    return round(low, DIGITS), round(high, DIGITS)


def score_below(better: int, worse: int, size: int, margin: float) -> float:
    """Return the one-sided p-value of "the true difference is `margin` or more", by Tango's score statistic."""
    if margin <= -1:
        return 1.0
    if margin >= 1:
        return 0.0 if better < size else 1.0
    return 1 - NormalDist().cdf(_score(worse, better, size, -margin))


def _score(better: int, worse: int, size: int, delta: float) -> float:
    """Return the score statistic of the hypothesis that the true difference is `delta`."""
    a = 2 * size
    b = -better - worse + (2 * size - better + worse) * delta
    c = -worse * delta * (1 - delta)
    share_worse = (math.sqrt(max(0.0, b**2 - 4 * a * c)) - b) / (2 * a)
    variance = size * (2 * share_worse + delta * (1 - delta))
    distance = better - worse - size * delta
    if not distance:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def _solve(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    """Return the border between the rejected values and the others by bisection."""
    for _ in range(BISECTIONS):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if rejected(middle) else (outside, middle)
    return inside


def mcnemar(better: int, worse: int) -> float:
    """Return the exact two-sided McNemar p-value: a fair coin thrown for each item that flipped."""
    flips = better + worse
    tail = sum(math.comb(flips, count) for count in range(min(better, worse) + 1))
    # Whole numbers up to the last division: 2**flips leaves the range of floats at 1,024 flips.
    return min(1.0, float(Fraction(2 * tail, 1 << flips)))

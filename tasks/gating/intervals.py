"""Intervals for a mean of paired differences, and what sample size a margin asks for.

The paired bootstrap alone is too sure of itself where few items flip: with no flip at all its interval has no width,
however few items there were. For right/wrong items the interval is therefore widened to Tango's score interval
(Statistics in Medicine 17, 1998), which keeps its coverage there.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import NormalDist

DIGITS = 12  # differences are shares of small integers: rounding takes floating-point dust off the interval's ends
CELLS_AT_ONCE = 4_000_000
POWER = 0.8
BISECTIONS = 60


def paired_bootstrap(differences: Sequence[float], *, alpha: float, samples: int, seed: int) -> tuple[float, float]:
    """Return the percentile interval of the mean difference, items drawn with replacement.

    Drawing n items with replacement and counting how often each value comes is one multinomial draw over the distinct
    values, so the work grows with the distinct values and not with the items.

    Args:
        differences: Tuned minus base, one for each item; not empty.
        alpha: The interval covers 1 - alpha, two-sided.
        samples: Number of bootstrap samples.
        seed: Seed of the draws.
    """
    import numpy as np

    values, counts = np.unique(np.round(np.asarray(differences, dtype=float), DIGITS), return_counts=True)
    size = len(differences)
    rng = np.random.default_rng(seed)
    step = max(1, CELLS_AT_ONCE // len(values))
    means = np.concatenate(
        [
            rng.multinomial(size, counts / size, size=min(step, samples - start)) @ values / size
            for start in range(0, samples, step)
        ]
    )
    low = np.quantile(means, alpha / 2, method="lower")
    high = np.quantile(means, 1 - alpha / 2, method="higher")
    return round(float(low), DIGITS), round(float(high), DIGITS)


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


def _score(better: int, worse: int, size: int, delta: float) -> float:
    """Return the score statistic of the hypothesis that the true difference is `delta`."""
    a = 2 * size
    b = -better - worse + (2 * size - better + worse) * delta
    c = -worse * delta * (1 - delta)
    share_worse = (math.sqrt(max(0.0, b**2 - 4 * a * c)) - b) / (2 * a)
    variance = size * (2 * share_worse + delta * (1 - delta))
    distance = better - worse - size * delta
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


def needed_items(flip_share: float, margin: float, *, alpha: float) -> int | None:
    """Return about how many items show a drop below the margin, with 80 % power if there truly is none.

    The standard error of a paired difference is sqrt(flip share / n). Where nothing flipped, the score interval of zero
    flips sets the size. None: no number of items proves a drop below a margin of nothing.
    """
    if margin <= 0:
        return None
    z = NormalDist().inv_cdf(1 - alpha / 2)
    by_flips = flip_share * ((z + NormalDist().inv_cdf(POWER)) / margin) ** 2
    without_flips = z * z * (1 - margin) / margin
    return math.ceil(max(by_flips, without_flips))

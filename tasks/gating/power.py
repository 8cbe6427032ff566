"""What a number of items can tell: sample size and power of a non-inferiority margin."""

import math
from statistics import NormalDist

POWER = 0.8


def needed_items(flip_share: float, margin: float, *, alpha: float, power: float = POWER) -> int | None:
    """Return about how many items show a difference on the right side of a margin, if there truly is none.

    The standard error of a paired difference is sqrt(flip share / n). Where nothing flipped, the score interval of zero
    flips sets the size. None: no number of items proves a drop below a margin of nothing.

    Args:
        flip_share: Share of items that the two models answer differently (the variance of a difference).
        margin: Distance between the true difference and the margin.
        alpha: The interval covers 1 - alpha, two-sided.
        power: Wanted probability that the whole interval lies on the right side; 0.5 is an interval just as wide.
    """
    if margin <= 0:
        return None
    z = NormalDist().inv_cdf(1 - alpha / 2)
    by_flips = flip_share * ((z + NormalDist().inv_cdf(power)) / margin) ** 2
    without_flips = z * z * (1 - margin) / margin
    return max(1, math.ceil(max(by_flips, without_flips)))


def power_of(size: int, flip_share: float, margin: float, *, alpha: float) -> float:
    """Return the probability that `size` items show a difference on the right side of a margin, if there is none."""
    if margin <= 0 or size < 1:
        return 0.0
    z = NormalDist().inv_cdf(1 - alpha / 2)
    if flip_share <= 0:
        return float(size >= z * z * (1 - margin) / margin)
    return NormalDist().cdf(margin * math.sqrt(size / flip_share) - z)

"""The noise floor: how far trainings that differ in nothing but their seed lie apart."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from tasks.gating.comparing import Line, verdict_of
from tasks.gating.pairing import check_arithmetic
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bounds
from tasks.gating.rows import judged_by, read_both, values


def noise_floor(
    base: Path, tuned: Path, repeats: Sequence[Path], bounds: Bounds, params: GatingParams
) -> tuple[Line, dict[str, Any]]:
    """Return the row of the noise floor and its figures.

    The gain of one more training, with yet another seed, lies within mean +- t * sd * sqrt(1 + 1/k) with a probability
    of 1 - alpha: the prediction interval of normal theory, t with k - 1 degrees of freedom, over k trainings. The half
    width is the noise floor, and the mean gain must exceed it (where a loss is allowed: counted from that loss). All
    trainings are asked the same items, so this is the chance of training alone; the chance of the choice of items is in
    the row of the task gain. The first training is the one that is released, never the best.

    Args:
        base: Evaluation of the base model.
        tuned: Evaluation of the model to be released.
        repeats: Evaluations of the other trainings, at least two.
        bounds: The margins.
        params: Alpha.

    Raises:
        ProofError: The evaluations are not of the same items.
    """
    from scipy.stats import t

    gains, before, metric, items = [], 0.0, "", 0
    for folder in (tuned, *repeats):
        check_arithmetic(base, folder)
        both = read_both(base, folder)
        first, metric = next(iter(both.metrics.items()))
        sides = values(judged_by(both.tasks, first), first)
        before, items = fmean(sides[0]), len(sides[0])
        gains.append(fmean(sides[1]) - before)
    count, spread, mean = len(gains), stdev(gains), fmean(gains)
    floor = float(t.ppf(1 - params.alpha / 2, count - 1)) * spread * math.sqrt(1 + 1 / count)
    margin = min(0.0, bounds.task().margin)
    line = Line(
        name="noise floor",
        metric=metric,
        n=count,
        rule=f"pass when the gain that another seed would have is at least {100 * margin:+.1f} points",
        outcome=verdict_of(mean - floor, mean + floor, margin),
        base=before,
        tuned=before + mean,
        difference=mean,
        low=mean - floor,
        high=mean + floor,
        margin=margin,
    )
    return line, {"trainings": count, "items": items, "gains": gains, "sd": spread, "floor": floor}

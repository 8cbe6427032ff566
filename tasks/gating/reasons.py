"""The rows of a verdict as sentences."""

from collections.abc import Sequence

from tasks.gating.comparing import Line
from tasks.gating.params import GatingParams
from tasks.gating.power import needed_items
from tasks.gating.rows import Both

ENDS = {"pass": "Pass", "fail": "Fail", "inconclusive": "Inconclusive", "shown": "Shown only"}


def method(params: GatingParams) -> str:
    """Return how the intervals were made and what risk they carry."""
    return (
        f"Two-sided {1 - params.alpha:.4g} intervals of the mean paired difference (tuned minus base): percentile "
        f"bootstrap over items, {params.bootstrap_samples} samples, seed {params.seed}; widened to Tango's score "
        "interval for right/wrong items and to Gaffke's bound for graded ones where that is wider. Every row that must "
        "pass has to (an intersection-union test): a model that truly misses any of those margins passes with a "
        f"probability of at most {params.alpha:.4g} (one side of an interval: nominally {params.alpha / 2:.4g}), with "
        "no correction for the number of rows. Rows that may only fail are corrected for their number (Holm, "
        "with more samples where many rows need them): together they fail a model that is within all of their margins "
        f"with a probability of at most {params.alpha:.4g} (nominally {params.alpha / 2:.4g})."
    )


def sentence(line: Line) -> str:
    """Return a row as a sentence with all its numbers."""
    said = _compared(line) if line.low is not None else _counted(line)
    return f"{line.name}: {said} {ENDS[line.outcome]}."


def _counted(line: Line) -> str:
    if line.metric == "not compared":
        return f"not compared with {line.against}."
    if line.metric == "items":
        what = line.name.removeprefix("sample size: ")
        if line.outcome == "shown":
            return f"there are no {what} items and none were asked for: nothing was measured."
        return f"{line.n} items, {line.rule} wanted."
    if line.difference:
        return f"{line.difference:.1%} of {line.n} answers differ from the base model's."
    if line.outcome == "pass":
        return "no answer changed, but scores of general items did."
    return "the adapter changed no answer: it was probably not loaded."


def _compared(line: Line) -> str:
    limit = "" if line.margin is None else f"; the margin is {line.margin:+.3f}"
    over = "trainings with different seeds" if line.name == "noise floor" else "items"
    p_value = "" if line.p_value is None else f" Exact McNemar p = {line.p_value:.3g}."
    worse = "" if line.p_worse is None else f" Corrected p of the margin or better = {line.p_worse:.3g}."
    origin = f"{line.base:.3f}" if line.against == "base" else f"{line.base:.3f} ({line.against})"
    return (
        f"{line.metric} went from {origin} to {line.tuned:.3f} over {line.n} {over}, a difference "
        f"of {line.difference:+.3f} (interval {line.low:+.3f} to {line.high:+.3f}{limit}).{p_value}{worse}"
    )


def advice(lines: Sequence[Line], both: Both, margin: float, params: GatingParams) -> list[str]:
    """Say how many general items would have been enough, when there were too few to tell."""
    line = next((line for line in lines if line.name == "general drop"), None)
    if line is None or line.outcome != "inconclusive" or margin > 0:
        return []
    flips = sum(bool(pair.base["correct"]) != bool(pair.tuned["correct"]) for pair in both.general)
    share = flips / len(both.general)
    needed = needed_items(share, -margin, alpha=params.alpha)
    if needed is None:
        return ["general drop: no number of items can prove a drop of nothing: allow a max_general_drop above 0."]
    return [
        f"general drop: {share:.1%} of the answers flipped. To show a drop below {-margin:.3f} at this "
        f"share needs about n >= {needed} items (80 % power if nothing was truly lost); there were {line.n}."
    ]

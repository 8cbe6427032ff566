"""The rows of a verdict, and the sentences that say them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.gating.intervals import needed_items
from tasks.gating.pairing import Pair
from tasks.gating.params import GatingParams

Outcome = Literal["pass", "fail", "inconclusive", "shown"]


@dataclass(frozen=True)
class Line:
    """One comparison. `outcome` is "shown" where a row informs and decides nothing."""

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


def method(params: GatingParams) -> str:
    """Return how the intervals were made."""
    return (
        f"Two-sided {1 - params.alpha:.4g} intervals of the mean paired difference (tuned minus base): percentile "
        f"bootstrap over items, {params.bootstrap_samples} samples, seed {params.seed}; for right/wrong items widened "
        "to Tango's score interval where that is wider."
    )


def sentence(line: Line) -> str:
    """Return a row as a sentence with all its numbers."""
    end = {"pass": "Pass", "fail": "Fail", "inconclusive": "Inconclusive", "shown": "Shown only"}[line.outcome]
    if line.metric == "answers changed":
        if line.difference:
            return f"adapter loaded: {line.difference:.1%} of {line.n} answers differ from the base model's. {end}."
        return f"adapter loaded: the adapter changed no answer: it was probably not loaded. {end}."
    if line.metric == "items":
        what = line.name.removeprefix("sample size: ")
        if line.outcome == "shown":
            return f"{line.name}: there are no {what} items and none were asked for: nothing was measured. {end}."
        return f"{line.name}: {line.n} items, {line.rule} wanted. {end}."
    limit = "" if line.margin is None else f"; the margin is {line.margin:+.3f}"
    p_value = "" if line.p_value is None else f" Exact McNemar p = {line.p_value:.3g}."
    return (
        f"{line.name}: {line.metric} went from {line.base:.3f} to {line.tuned:.3f} over {line.n} items, a difference "
        f"of {line.difference:+.3f} (interval {line.low:+.3f} to {line.high:+.3f}{limit}).{p_value} {end}."
    )


def advice(lines: Sequence[Line], general: Sequence[Pair], params: GatingParams) -> list[str]:
    """Say how many general items would have been enough, when there were too few to tell."""
    line = next((line for line in lines if line.name == "general drop"), None)
    if line is None or line.outcome != "inconclusive":
        return []
    share = sum(bool(pair.base["correct"]) != bool(pair.tuned["correct"]) for pair in general) / len(general)
    needed = needed_items(share, params.max_general_drop, alpha=params.alpha)
    if needed is None:
        return ["general drop: no number of items can prove a drop of nothing: allow a max_general_drop above 0."]
    return [
        f"general drop: {share:.1%} of the answers flipped. To show a drop below {params.max_general_drop:.3f} at this "
        f"share needs about n >= {needed} items (80 % power if nothing was truly lost); there were {line.n}."
    ]

"""Holm's correction: many harmless rows must not fail a good model by chance."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values, in the order given (Holm, Scandinavian Journal of Statistics 6, 1979).

    Rejecting those of at most a level keeps the chance of any wrong rejection at that level, whatever the rows have to
    do with each other.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted

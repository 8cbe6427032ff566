"""Which items of a general task are asked when not all are: a fixed draw, each category by its share."""

import math
import random
from collections.abc import Sequence


def draw(categories: Sequence[str | None], most: int, seed: str) -> list[int]:
    """Return the places of the drawn items, ascending.

    Shares are rounded by largest remainder, so that the draw has exactly `most` items.

    Args:
        categories: The category of each item; all None where there are none.
        most: How many; all when there are fewer.
        seed: Decides the draw.
    """
    if most >= len(categories):
        return list(range(len(categories)))
    places: dict[str, list[int]] = {}
    for at, category in enumerate(categories):
        places.setdefault(category or "", []).append(at)
    exact = {name: most * len(members) / len(categories) for name, members in places.items()}
    counts = {name: math.floor(share) for name, share in exact.items()}
    by_remainder = sorted(places, key=lambda name: (counts[name] - exact[name], name))
    for name in by_remainder[: most - sum(counts.values())]:
        counts[name] += 1
    chosen: list[int] = []
    for name in sorted(places):
        # A generator for each category: a category more does not change what is drawn from the others.
        generator = random.Random(f"{seed}:{name}")  # noqa: S311 - a draw, no secret
        chosen += generator.sample(places[name], counts[name])
    return sorted(chosen)

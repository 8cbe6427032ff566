"""Sample sizes against the textbook formula and against each other."""

import math

import pytest

from tasks.gating.power import needed_items, power_of

Z = 1.959963984540054


def test_needed_items_follows_the_flip_share() -> None:
    assert needed_items(0.2, 0.05, alpha=0.05) == math.ceil(0.2 * ((Z + 0.8416212335729143) / 0.05) ** 2)
    assert needed_items(0.2, 0.05, alpha=0.05, power=0.5) == math.ceil(0.2 * (Z / 0.05) ** 2)
    assert needed_items(0.0, 0.05, alpha=0.05) == math.ceil(Z * Z * 19)
    assert needed_items(0.2, 0.0, alpha=0.05) is None
    assert needed_items(0.2, 1.0, alpha=0.05) == 2


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_power_and_size_are_two_sides_of_one_formula(power: float) -> None:
    size = needed_items(0.3, 0.07, alpha=0.1, power=power)
    assert size is not None
    assert power_of(size, 0.3, 0.07, alpha=0.1) == pytest.approx(power, abs=0.005)


def test_power_without_flips_or_margin() -> None:
    assert (power_of(72, 0.0, 0.05, alpha=0.05), power_of(73, 0.0, 0.05, alpha=0.05)) == (0.0, 1.0)
    assert power_of(1000, 0.2, 0.0, alpha=0.05) == 0.0

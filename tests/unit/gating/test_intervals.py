"""Known answers, and the coverage that the gate's promise rests on."""

import math
import random

import pytest

from tasks.gating.intervals import (
    bounded_interval,
    compare,
    mcnemar,
    paired_bootstrap,
    score_below,
    score_interval,
)

Z = 1.959963984540054


def test_mcnemar_matches_the_binomial_test() -> None:
    from scipy.stats import binomtest

    for better, worse in ((0, 0), (1, 0), (5, 12), (12, 5), (30, 30)):
        flips = better + worse
        expected = binomtest(better, flips, 0.5).pvalue if flips else 1.0
        assert mcnemar(better, worse) == pytest.approx(expected)


def test_mcnemar_of_six_flips_one_way() -> None:
    assert mcnemar(0, 6) == pytest.approx(2 / 64)


def test_mcnemar_takes_more_flips_than_a_float_has_powers_of_two() -> None:
    assert mcnemar(1000, 1000) == 1.0
    assert 0 < mcnemar(1000, 1200) < 1e-4


def test_score_interval_without_flips_is_wilsons() -> None:
    size = 200
    low, high = score_interval(0, 0, size, alpha=0.05)
    wilson = Z * Z / (size + Z * Z)
    assert high == pytest.approx(wilson, abs=1e-9)
    assert low == pytest.approx(-wilson, abs=1e-9)


def test_score_interval_with_flips_one_way_ends_at_wilsons_bound() -> None:
    worse, size = 7, 150
    share = worse / size
    half = Z * math.sqrt(share * (1 - share) / size + Z * Z / (4 * size * size))
    wilson = (share + Z * Z / (2 * size) + half) / (1 + Z * Z / size)
    low, _high = score_interval(0, worse, size, alpha=0.05)
    assert low == pytest.approx(-wilson, abs=1e-9)


def test_score_interval_is_the_normal_one_for_many_items() -> None:
    better, worse, size = 4_000, 5_000, 100_000
    difference = (better - worse) / size
    error = math.sqrt((better + worse) / size - difference**2) / math.sqrt(size)
    low, high = score_interval(better, worse, size, alpha=0.05)
    assert (low, high) == pytest.approx((difference - Z * error, difference + Z * error), abs=1e-5)


def test_score_interval_turns_with_its_sides() -> None:
    low, high = score_interval(3, 9, 80, alpha=0.1)
    assert score_interval(9, 3, 80, alpha=0.1) == (-high, -low)
    assert low < -6 / 80 < high


def test_bootstrap_of_equal_differences_is_a_point() -> None:
    assert paired_bootstrap([0.1 + 0.2] * 7, alpha=0.05, samples=200, seed=0) == (0.3, 0.3)


def test_bootstrap_agrees_with_the_normal_interval() -> None:
    source = random.Random(3)
    values = [source.choice([-0.5, 0.0, 0.25, 1.0]) for _ in range(900)]
    mean = sum(values) / len(values)
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values) / len(values))
    low, high = paired_bootstrap(values, alpha=0.05, samples=20_000, seed=1)
    assert low == pytest.approx(mean - Z * error, abs=0.05 * error * 2)
    assert high == pytest.approx(mean + Z * error, abs=0.05 * error * 2)


def test_bootstrap_is_decided_by_its_seed_and_narrows_with_alpha() -> None:
    values = [0.0, 1.0, 1.0, -1.0, 0.5] * 20
    first = paired_bootstrap(values, alpha=0.05, samples=500, seed=1)
    assert first == paired_bootstrap(values, alpha=0.05, samples=500, seed=1)
    assert first != paired_bootstrap(values, alpha=0.05, samples=500, seed=2)
    low, high = paired_bootstrap(values, alpha=0.5, samples=500, seed=1)
    assert first[0] < low < high < first[1]


def test_bootstrap_draws_every_sample_when_it_works_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [index / 100 for index in range(100)]
    whole = paired_bootstrap(values, alpha=0.05, samples=1000, seed=5)
    monkeypatch.setattr("tasks.gating.intervals.CELLS_AT_ONCE", 3000)
    assert paired_bootstrap(values, alpha=0.05, samples=1000, seed=5) == whole


def test_bounded_interval_is_the_exact_one_for_differences_of_one_sign() -> None:
    from scipy.stats import beta

    worse, size = 4, 60
    low, high = bounded_interval([-1.0] * worse + [0.0] * (size - worse), alpha=0.05, samples=200_000, seed=0)
    assert low == pytest.approx(-beta.ppf(0.975, worse + 1, size - worse), abs=0.002)
    # One more item at +1 stands against it on this side, so that the bound is on the safe side of the exact one.
    assert high >= -beta.ppf(0.025, worse, size - worse + 1)


def test_graded_items_that_never_differ_do_not_prove_that_nothing_was_lost() -> None:
    size = 90
    paired = compare([0.5] * size, [0.5] * size, alpha=0.05, samples=50_000, seed=0, margin=-0.04)
    assert paired.low == pytest.approx(0.025 ** (1 / size) - 1, abs=0.002)
    assert paired.high == pytest.approx(-paired.low, abs=0.004)
    assert paired.mcnemar is None
    right = compare([1.0] * size, [1.0] * size, alpha=0.05, samples=500, seed=0)
    assert (right.low, right.high, right.mcnemar) == (*score_interval(0, 0, size, alpha=0.05), 1.0)


def test_the_one_sided_test_and_the_interval_agree() -> None:
    better, worse, size = 5, 40, 300
    _low, high = score_interval(better, worse, size, alpha=0.05)
    assert score_below(better, worse, size, high) == pytest.approx(0.025, abs=1e-6)
    assert score_below(better, worse, size, high + 0.02) < 0.025 < score_below(better, worse, size, high - 0.02)
    assert score_below(0, 0, 100, 0.0) == 0.5
    assert score_below(0, 100, 100, -1.0) == 1.0


def test_p_values_are_never_zero_and_small_only_for_proven_drops() -> None:
    def below(base: list[float], tuned: list[float]) -> float:
        p_value = compare(base, tuned, alpha=0.05, samples=1000, seed=0, margin=-0.05).p_below
        assert p_value is not None
        return p_value

    assert below([1.0] * 200, [0.0] * 100 + [1.0] * 100) == pytest.approx(1 / 1001)
    assert below([0.9] * 200, [0.4] * 100 + [0.9] * 100) == pytest.approx(1 / 1001)
    assert below([0.9] * 200, [0.9] * 200) > 0.9
    assert compare([0.9], [0.9], alpha=0.05, samples=100, seed=0).p_below is None

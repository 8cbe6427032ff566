"""Percentiles, bins and limits with known answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.rendering.lengths import BINS, advice, histogram, length_figures, loss_at, percentile, suggest
from tasks.rendering.plot import length_plot

LENGTHS = [*range(1, 100), 1000]

row_lengths = st.lists(st.integers(1, 5000), min_size=1, max_size=80)
shares = st.floats(0, 1)


def test_percentiles_are_lengths_that_occur() -> None:
    assert [percentile(LENGTHS, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 1000]
    assert percentile([7], 50) == percentile([7], 100) == 7
    assert percentile([3, 9], 50) == 3
    assert percentile([3, 9], 51) == 9


@pytest.mark.parametrize(
    ("share", "context", "limit"),
    [(0.0, None, 1024), (0.01, None, 128), (0.05, None, 96), (0.5, None, 64), (1.0, None, 32), (0.0, 600, 600)],
)
def test_the_limit_is_the_least_that_loses_no_more(share: float, context: int | None, limit: int) -> None:
    assert suggest(LENGTHS, share, context) == limit


def test_what_a_limit_costs() -> None:
    assert loss_at([10, 20, 30, 40], 25) == {
        "max_length": 25,
        "rows_over": 2,
        "share_over": 0.5,
        "tokens_in_rows_over": 70,
        "tokens_beyond": 20,
    }
    assert loss_at([10], 10)["rows_over"] == 0


@given(row_lengths, shares)
def test_a_suggestion_keeps_its_word_and_the_next_smaller_would_not(lengths: list[int], share: float) -> None:
    limit = suggest(lengths, share)
    assert loss_at(lengths, limit)["rows_over"] <= share * len(lengths)
    step = 32 if limit <= 512 else 64
    assert limit % step == 0
    if limit > step:
        assert loss_at(lengths, limit - step)["rows_over"] > share * len(lengths)


@given(row_lengths)
def test_every_row_is_in_one_bin(lengths: list[int]) -> None:
    bins = histogram(lengths)
    assert 1 <= len(bins) <= BINS
    for one in bins:
        assert one["rows"] == sum(one["above"] < length <= one["up_to"] for length in lengths)
    assert sum(one["rows"] for one in bins) == len(lengths)


def test_no_row_gives_no_advice() -> None:
    figures = length_figures([], 0.02)
    assert (figures["rows"], figures["suggested_max_length"], advice(figures)) == (0, None, "")
    assert length_plot(figures, 512).startswith("<?xml")


def test_the_picture_is_the_same_for_the_same_figures() -> None:
    figures = length_figures(LENGTHS, 0.02)
    assert length_plot(figures, 512) == length_plot(figures, 512) != length_plot(figures, 96)
    assert "suggested" not in length_plot(figures, figures["suggested_max_length"])

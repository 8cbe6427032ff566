import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from tasks.errors import ConfigError
from tasks.quality.balance import ABSENT, chosen_longer, figures, imbalance, strata_of
from tasks.quality.examples import example_of
from tests.unit.quality.rows import chat, examples


def fielded(*values):
    rows = [
        chat(row, "q" * row, "a" * (30 if value == "b" else row), fields={"kind": value} if value else {})
        for row, value in enumerate(values, start=1)
    ]
    return [example_of(row) for row in rows]


def test_classes_come_from_a_field():
    given_rows = fielded("b", "a", "a", None, "a")
    groups = strata_of(given_rows, "kind", 20)
    assert groups == {"a": [1, 2, 4], ABSENT: [3], "b": [0]}
    first = figures(given_rows, groups)[0]
    assert (first.name, first.rows, first.share) == ("a", 3, 0.6)
    assert (first.prompt_mean, first.prompt_median) == (pytest.approx(10 / 3), 3)
    assert (first.answer_mean, first.answer_median, first.effect) == (pytest.approx(10 / 3), 3, None)
    assert imbalance(figures(given_rows, groups)) == 3


def test_a_field_that_no_row_has_is_an_error():
    with pytest.raises(ConfigError, match=r"'kindd', which no row has. Known: kind"):
        strata_of(fielded("a", "b"), "kindd", 20)


def test_classes_come_from_labels_or_from_nowhere():
    answers = ["late"] * 60 + ["early"] * 40 + ["eh"]
    assert {name: len(rows) for name, rows in strata_of(examples(*answers), "", 20).items()} == {
        "late": 60,
        "early": 40,
        ABSENT: 1,
    }
    assert strata_of(examples("a sentence", "another one"), "", 20) == {}
    assert figures([], {}) == []
    assert imbalance([]) == 1


def test_the_effect_is_one_where_every_answer_is_longer():
    given_rows = fielded(*["a"] * 12, *["b"] * 10)
    effects = {s.name: s.effect for s in figures(given_rows, strata_of(given_rows, "kind", 20))}
    assert effects == {"a": -1, "b": 1}


@given(st.lists(st.integers(1, 9), min_size=10, max_size=20), st.lists(st.integers(1, 9), min_size=10, max_size=20))
def test_the_effect_is_that_of_the_mann_whitney_statistic(left, right):
    rows = [chat(row, "q", "x" * length, fields={"k": "l"}) for row, length in enumerate(left)]
    rows += [chat(row, "q", "x" * length, fields={"k": "r"}) for row, length in enumerate(right, start=100)]
    given_rows = [example_of(row) for row in rows]
    [effect] = [s.effect for s in figures(given_rows, strata_of(given_rows, "k", 20)) if s.name == "l"]
    assert effect == pytest.approx(2 * mannwhitneyu(left, right).statistic / (len(left) * len(right)) - 1)


def test_chosen_and_rejected_lengths():
    assert chosen_longer(examples("a", "b")) is None
    rejected = ["x", "xxxxx", "xxx", "x"]
    rows = [
        example_of(chat(row, "q", "yes", rejected=[{"role": "assistant", "content": text}]))
        for row, text in enumerate(rejected)
    ]
    assert chosen_longer(rows) == {"pairs": 4, "longer": 0.5, "shorter": 0.25, "equal": 0.25, "effect": 0.25}

"""Names, weights and allotments of sources."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError
from tasks.mixing.sources import allot, licences, source_of, weights_of
from tests.unit.mixing.samples import record


def test_a_source_is_what_the_row_says_else_its_file() -> None:
    assert source_of(record("a.jsonl", 1, source="facts")) == "facts"
    assert source_of(record("a.jsonl", 1, source="")) == "a.jsonl"
    assert source_of(record("a.jsonl", 1)) == "a.jsonl"


def test_licences_are_counted_under_both_spellings() -> None:
    rows = [
        record("a", 1, license="MIT"),
        record("a", 2, licence="CC-BY-4.0"),
        record("a", 3),
        record("a", 4, license=""),
    ]
    assert licences(rows) == {"CC-BY-4.0": 1, "MIT": 1, "not stated": 2}


def test_patterns_fit_from_the_right_and_the_first_that_fits_counts() -> None:
    names = ["data/chats/one.jsonl", "data/chats/two.jsonl", "facts", "s3://bucket/books/x.jsonl"]
    patterns = {"two.jsonl": 5.0, "chats/*.jsonl": 2.0, "facts": 1.0, "*": 0.5}
    assert weights_of(names, patterns) == {
        "data/chats/one.jsonl": 2.0,
        "data/chats/two.jsonl": 5.0,
        "facts": 1.0,
        "s3://bucket/books/x.jsonl": 0.5,
    }


def test_weights_that_do_not_fit_the_sources_are_named_with_them() -> None:
    with pytest.raises(ConfigError) as caught:
        weights_of(["facts", "chats"], {"fact": 1.0, "chats": 1.0, "b*": 2.0})
    said = str(caught.value)
    assert all(words in said for words in ("'facts' has no weight", "'fact' fits no source", "'b*' fits no source"))
    assert "The sources are: chats, facts." in said


def test_shares_go_by_weight_and_a_dry_source_is_made_up_for_by_weight() -> None:
    weights = {"a": 2.0, "b": 1.0, "c": 1.0}
    assert allot(100, weights, {"a": 999, "b": 999, "c": 999}) == {"a": 50, "b": 25, "c": 25}
    assert allot(100, weights, {"a": 20, "b": 999, "c": 999}) == {"a": 20, "b": 40, "c": 40}
    assert allot(100, weights, {"a": 20, "b": 30, "c": 999}) == {"a": 20, "b": 30, "c": 50}
    assert allot(50, weights, {"a": 20, "b": 20, "c": 10}) == {"a": 20, "b": 20, "c": 10}
    assert allot(0, weights, {"a": 9, "b": 0, "c": 0}) == {"a": 0, "b": 0, "c": 0}


sources = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.floats(0.01, 100), st.integers(0, 1000)), min_size=1)


@settings(deadline=None)
@given(sources, st.floats(0, 1))
def test_allotments_add_up_and_no_source_gives_more_than_it_has(
    drawn: dict[str, tuple[float, int]], part: float
) -> None:
    weights = {name: weight for name, (weight, _there) in drawn.items()}
    there = {name: amount for name, (_weight, amount) in drawn.items()}
    amount = part * sum(there.values())
    given_ = allot(amount, weights, there)
    assert sum(given_.values()) == pytest.approx(amount)
    assert all(0 <= given_[name] <= there[name] + 1e-9 for name in drawn)
    # Whoever has something left gives as much for its weight as anyone, and more than those that gave all.
    units = {name: given_[name] / weights[name] for name in drawn}
    level = max(units.values())
    assert all(units[name] == pytest.approx(level) for name in drawn if given_[name] < there[name] - 1e-6)

import datetime
from decimal import Decimal

import orjson
import pytest

from tasks.ingest.fields import kind_name, needed, other_columns, present, shown_name, text_in
from tasks.ingest.reasons import BadRowError


def test_scalars_are_kept_as_they_are_and_the_rest_is_named():
    row = {
        "a": "x",
        "b": 1,
        "c": 0.5,
        "d": True,
        "e": None,
        "list": [1],
        "object": {"x": 1},
        "bytes": b"x",
        "used": "u",
    }
    assert other_columns(row, ["used"]) == (
        {"a": "x", "b": 1, "c": 0.5, "d": True, "e": None},
        ["list", "object", "bytes"],
    )


def test_empty_lists_and_objects_hold_nothing_that_could_be_missed():
    assert other_columns({"a": [], "b": {}, "c": b"", "d": (), "e": {0}}, []) == ({}, ["d", "e"])


def test_values_that_json_has_no_word_for():
    row = {
        "date": datetime.date(2026, 1, 2),
        "moment": datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC),
        "time": datetime.time(3, 4),
        "price": Decimal("1.10"),
        "nan": float("nan"),
        "inf": float("inf"),
    }
    fields, nested = other_columns(row, [])
    assert not nested
    assert fields == {
        "date": "2026-01-02",
        "moment": "2026-01-02T03:04:00+00:00",
        "time": "03:04:00",
        "price": "1.10",
        "nan": None,
        "inf": None,
    }
    assert orjson.loads(orjson.dumps(fields)) == fields


def test_kinds_in_words():
    assert [kind_name(value) for value in (None, True, 1, 0.5, "x", [], {}, b"")] == [
        "null", "true or false", "a number", "a number", "a text", "a list", "an object", "of the type bytes",
    ]  # fmt: skip


def test_the_first_column_with_a_value_is_present():
    assert present({"a": None, "b": 0}, ("a", "b")) == "b"
    assert present({"c": 1}, ("a", "b")) == "a"
    assert needed({"a": None, "b": 0}, ("a", "b")) == 0
    with pytest.raises(BadRowError, match=r"missing_field: row\.a or b is absent or null"):
        needed({"a": None}, ("a", "b"), "row.")


def test_a_text_is_a_text():
    assert text_in("", "here") == ""
    with pytest.raises(BadRowError, match="wrong_type: here is a list, not a text"):
        text_in(["hush"], "here")


def test_only_what_reads_like_a_name_is_shown():
    assert [shown_name(name) for name in ("meta", "meta.data-2", "_x")] == ["meta", "meta.data-2", "_x"]
    for text in ("My phone is 0151", "a" * 41, "", "2nd", "name\n"):
        assert shown_name(text) == "(no plain name)"

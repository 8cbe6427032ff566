import datetime
from decimal import Decimal

import orjson

from tasks.ingest.fields import kind_name, scalar_fields


def test_scalars_are_kept_as_they_are_and_the_rest_is_left_out():
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
    assert scalar_fields(row, ["used"]) == {"a": "x", "b": 1, "c": 0.5, "d": True, "e": None}


def test_values_that_json_has_no_word_for():
    row = {
        "date": datetime.date(2026, 1, 2),
        "moment": datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC),
        "time": datetime.time(3, 4),
        "price": Decimal("1.10"),
        "nan": float("nan"),
        "inf": float("inf"),
    }
    fields = scalar_fields(row, [])
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

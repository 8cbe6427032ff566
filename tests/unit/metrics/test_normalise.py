"""Known answers of the comparison of leaves."""

from datetime import date
from decimal import Decimal

import pytest

from tasks.metrics.normalise import read_code, read_date, read_number, read_text, same, same_value
from tasks.metrics.params import Normaliser


@pytest.mark.parametrize(
    ("expected", "found"),
    [(5965, 5965.0), (1685.5, 1.6855e3), ("MSC", " msc "), ("Straße", "STRASSE"), (None, None), (True, True), ([], [])],
)
def test_equal_values(expected: object, found: object) -> None:
    assert same_value(expected, found)
    assert same_value(found, expected)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (5965, 5966),
        (5965, "5965"),
        (1, True),
        (0, False),
        (None, ""),
        (None, 0),
        (None, "null"),
        (True, False),
        ("MSC", "M SC"),
        ("MSC", None),
        ([], {}),
        ({}, "x"),
        ([], 0),
        ([], False),
    ],
)
def test_different_values(expected: object, found: object) -> None:
    assert not same_value(expected, found)
    assert not same_value(found, expected)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (5965, "5965"),
        (1685.5, "1685.5"),
        ("5,965.00", "5965.00"),
        ("5.965,00", "5965.00"),
        ("1 685,5", "1685.5"),
        ("1\u00a0685", "1685"),
        ("1'685.50", "1685.50"),
        ("1,685", "1685"),
        ("1.685", "1.685"),
        ("1.685.000", "1685000"),
        ("1,685,000", "1685000"),
        ("-12,5", "-12.5"),
        ("+7", "7"),
        ("1e3", "1000"),
        (",5", "0.5"),
        ("0,125", "0.125"),
        (1e22, "1e22"),
    ],
)
def test_numbers(written: object, number: str) -> None:
    assert read_number(written) == Decimal(number)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "USD 5965",
        "5965 kg",
        "1,685,5",
        "1,68,500",
        "1.2.3",
        "12-13",
        "nan",
        "inf",
        True,
        None,
        [],
        "9" * 500,
        "١٢ x",
    ],
)
def test_what_is_no_number(written: object) -> None:
    assert read_number(written) is None


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("2026-05-01", ""),
        ("1 May 2026", ""),
        ("Fri, May 1st 2026", ""),
        ("2026-05-01T23:00:00Z", ""),
        ("20260501", ""),
        ("May 1, 2026", ""),
        ("01/05/2026", "day"),
        ("05/01/2026", "month"),
        ("01.05.2026", "day"),
        (" 2026-05-01 ", ""),
    ],
)
def test_dates(written: str, order: str) -> None:
    assert read_date(written, order) == date(2026, 5, 1)


def test_small_numbers_are_a_date_only_when_there_is_one_reading() -> None:
    assert read_date("03/04/2026") is None
    assert read_date("04/04/2026") == date(2026, 4, 4)
    assert read_date("13/04/2026") == read_date("04/13/2026") == date(2026, 4, 13)
    assert read_date("13/04/2026", "month") is None
    assert (read_date("03/04/2026", "day"), read_date("03/04/2026", "month")) == (date(2026, 4, 3), date(2026, 3, 4))


@pytest.mark.parametrize(
    "written", ["", "May 2026", "1 May", "10", "Friday", "MSCU1234567", "31 Feb 2026", 20260501, None, "x" * 99]
)
def test_what_is_no_date(written: object) -> None:
    assert read_date(written) is None


def test_codes_and_texts() -> None:
    assert read_code("us-lax") == read_code("US LAX") == read_code("USLAX.") == "USLAX"
    assert read_code(40) == "40"
    assert read_code("--") is read_code(None) is read_code(True) is None
    assert read_text(' "Free  in/out." ') == read_text("FREE\nIN/OUT") == "free in/out"
    assert read_text("ﬁne") == "fine"
    assert read_text(5) is None


@pytest.mark.parametrize(
    ("kind", "expected", "found", "equal"),
    [
        (None, "2026-05-01", "1 May 2026", False),
        ("date", "2026-05-01", "1 May 2026", True),
        ("date", "2026-05-01", "2 May 2026", False),
        ("date", "2026-04-03", "03/04/2026", False),
        ("date_day_first", "2026-04-03", "03/04/2026", True),
        ("date_month_first", "2026-03-04", "03/04/2026", True),
        ("date", "tbc", " TBC", True),
        ("number", 5965, "5,965.00", True),
        ("number", 5965, "USD 5965", False),
        ("number", None, None, True),
        ("number", None, "0", False),
        ("code", "USLAX", "us lax", True),
        ("code", "USLAX", "USLGB", False),
        ("text", "Free out", "free  out.", True),
        ("exact", "MSC", "msc", False),
        ("exact", "MSC", "MSC", True),
        ("exact", 1, 1.0, False),
        ("exact", 1, True, False),
    ],
)
def test_each_normaliser_changes_what_is_the_same(
    kind: Normaliser | None, expected: object, found: object, equal: bool
) -> None:
    assert same(expected, found, kind) is equal
    assert same(found, expected, kind) is equal

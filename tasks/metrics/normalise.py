"""When two JSON values mean the same: by value, and for named kinds of fields by what is written."""

import re
import string
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tasks.metrics.params import Normaliser

_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<sign>[,. '\u2019])\d{3}(?:(?P=sign)\d{3})*(?P<rest>[.,]\d+)?")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})")
_OUTER = string.punctuation + "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u2026 "
MOST_DIGITS = 400


def same(expected: Any, found: Any, normaliser: Normaliser | None) -> bool:
    """Return whether two leaves mean the same.

    Args:
        expected: The right value.
        found: The answer's.
        normaliser: The kind of field. A value that it cannot read is compared as without it; None: numbers by value,
            strings without outer spaces and case, and never across types.
    """
    if normaliser == "exact":
        return type(expected) is type(found) and bool(expected == found)
    if normaliser is not None:
        wanted, given = (READERS[normaliser](value) for value in (expected, found))
        if wanted is not None and given is not None:
            return bool(wanted == given)
    return same_value(expected, found)


def same_value(expected: Any, found: Any) -> bool:
    """Return whether two leaves mean the same: numbers by value, strings without outer spaces and case."""
    if isinstance(expected, str) and isinstance(found, str):
        return expected.strip().casefold() == found.strip().casefold()
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None or found is None:
        # Python holds True equal to 1; JSON does not.
        return expected is found
    if isinstance(expected, dict | list) or isinstance(found, dict | list):
        return type(expected) is type(found) and bool(expected == found)
    return _is_number(expected) and _is_number(found) and bool(expected == found)


def read_number(value: Any) -> Decimal | None:
    """Return the number that a value is or a text says, else None; a unit or a currency makes it a text.

    Where both signs occur, the last one is the decimal sign: 1,685.50 and 1.685,50. A comma before exactly three digits
    groups thousands (1,685), a single point never does (1.685). Spaces and apostrophes group.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    # The text of a float is what its author wrote: 1685.5 and "1685.50" are one number.
    text = str(value) if not isinstance(value, str) else re.sub(r"\s", " ", value.strip())
    if len(text) > MOST_DIGITS:
        return None
    if grouped := _GROUPED.fullmatch(text):
        sign, rest = grouped["sign"], grouped["rest"] or ""
        groups = text.removesuffix(rest).count(sign)
        if not rest.startswith(sign) and (rest or groups > 1 or sign != "."):
            return Decimal(text.removesuffix(rest).replace(sign, "") + rest.replace(",", "."))
    return Decimal(text.replace(",", ".")) if _PLAIN.fullmatch(text) else None


def read_code(value: Any) -> str | None:
    """Return a code such as a port's or a container's without case, spaces, dashes and other marks."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return "".join(sign for sign in unicodedata.normalize("NFKC", str(value)).upper() if sign.isalnum()) or None


def read_text(value: Any) -> str | None:
    """Return a text without case, outer punctuation, and differences of white space and of Unicode form."""
    if not isinstance(value, str):
        return None
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split()).strip(_OUTER)


def read_date(value: Any, order: str = "") -> date | None:
    """Return the day that a text names with year, month and day, else None.

    Args:
        value: Such as 2026-05-01, 1 May 2026, Fri, May 1st 2026, 2026-05-01T10:00:00Z. The time of day is dropped.
        order: Which of two small numbers is the day where only numbers are written: `day`, `month`, or empty: unknown,
            then 13/04/2026 is a date and 03/04/2026 is not.
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass
    if numeric := _NUMERIC_DATE.fullmatch(text):
        first, second, year = map(int, numeric.groups())
        if not order and first != second and max(first, second) <= 12:
            return None
        day_first = order == "day" or (not order and first > 12)
        return _day(year, second, first) if day_first else _day(year, first, second)
    return _written_date(text)


def _written_date(text: str) -> date | None:
    from dateutil import parser

    if not re.search(r"[A-Za-z]{3}", text) or not re.search(r"\d{4}", text):
        return None
    found = set()
    # What a text leaves out, the parser takes from the default: two defaults show what was left out.
    for default in (datetime(2000, 1, 1), datetime(2004, 2, 2)):
        try:
            found.add(parser.parse(text, default=default, ignoretz=True).date())
        except (ValueError, OverflowError, TypeError):
            return None
    return found.pop() if len(found) == 1 else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


READERS: dict[Normaliser, Callable[[Any], Any]] = {
    "text": read_text,
    "number": read_number,
    "code": read_code,
    "date": read_date,
    "date_day_first": lambda value: read_date(value, "day"),
    "date_month_first": lambda value: read_date(value, "month"),
}

"""The columns of a row: finding those the format needs, and what a record keeps of the others."""

import datetime
import math
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from tasks.ingest.reasons import BadRowError

Scalar = str | int | float | bool | None

_KINDS: dict[type, str] = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,39}")


def kind_name(value: Any) -> str:
    """Name a value's kind in a person's words."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "an object" if isinstance(value, dict) else f"of the type {type(value).__name__}")


def shown_name(name: str) -> str:
    """Return a column's name if it reads like one: anything else may be text that got into the wrong place."""
    return name if _NAME.fullmatch(name) else "(no plain name)"


def present(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the first of some names that has a value in the row; the first name when none has."""
    for name in names:
        if row.get(name) is not None:
            return name
    return names[0]


def needed(row: Mapping[str, Any], names: tuple[str, ...], where: str = "") -> Any:
    """Return the value under the first of some names that has one.

    Raises:
        BadRowError: missing_field.
    """
    found = row.get(present(row, names))
    if found is None:
        raise BadRowError("missing_field", f"{where}{' or '.join(names)} is absent or null")
    return found


def text_in(value: Any, where: str) -> str:
    """Return a value that must be a text.

    Raises:
        BadRowError: wrong_type.
    """
    if not isinstance(value, str):
        raise BadRowError("wrong_type", f"{where} is {kind_name(value)}, not a text")
    return value


def other_columns(row: Mapping[str, Any], used: Collection[str]) -> tuple[dict[str, Scalar], list[str]]:
    """Sort the columns that were not used into those of one value each, which are kept, and the rest.

    Returns:
        The scalar columns as JSON values, and the names of the others that hold something: lists, objects, bytes.
    """
    fields: dict[str, Scalar] = {}
    nested: list[str] = []
    for name, value in row.items():
        if name in used:
            continue
        if value is None or isinstance(value, (str, int)):
            fields[name] = value
        elif isinstance(value, float):
            # JSON has no word for infinity or "not a number".
            fields[name] = value if math.isfinite(value) else None
        elif isinstance(value, (datetime.date, datetime.time)):
            fields[name] = value.isoformat()
        elif isinstance(value, Decimal):
            fields[name] = str(value)
        elif not isinstance(value, (list, dict, bytes)) or value:
            nested.append(name)
    return fields, nested

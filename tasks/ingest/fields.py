"""The other columns of a row: what of them a record keeps."""

import datetime
import math
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

Scalar = str | int | float | bool | None

_KINDS: dict[type, str] = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}


def kind_name(value: Any) -> str:
    """Name a value's kind in a person's words."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "an object" if isinstance(value, dict) else f"of the type {type(value).__name__}")


def scalar_fields(row: Mapping[str, Any], used: Collection[str]) -> dict[str, Scalar]:
    """Return the columns that hold one value each and were not used otherwise; lists and objects are left out."""
    fields: dict[str, Scalar] = {}
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
    return fields

"""Points in time as rows write them: ISO 8601, or Unix time in seconds down to nanoseconds."""

from datetime import UTC, datetime
from typing import Any

# Unix time says no unit, but its size does: in each unit, 1973 to 2286 is a range of numbers of its own.
FIRST_S, LAST_S = 1e8, 1e10
UNITS = (1.0, 1e3, 1e6, 1e9)


def instant(value: Any) -> float | None:
    """Return a time as Unix seconds (UTC), or None for what is no time.

    Numbers outside 1973 to 2286 are no Unix time: 20240131 and 2024 are far more likely to be something else, and
    would land in 1970.

    Args:
        value: A text in ISO 8601 (UTC where it says no zone), or Unix time as a number or as a text.
    """
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return _unix(float(value))
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return _unix(float(text))
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def written(moment: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _unix(number: float) -> float | None:
    return next((number / unit for unit in UNITS if FIRST_S <= number / unit < LAST_S), None)

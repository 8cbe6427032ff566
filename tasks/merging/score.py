"""How well an answer meets what the data expect: simple on purpose, it compares two models' answers with each other."""

import json
from typing import Any


def task_score(answer: str, expected: str) -> float:
    """Return the share of fields that are as expected when a JSON object is expected, else 1 or 0 for the whole text.

    Fields are those of either object, so that one too many costs as much as one too few. Whitespace at the ends and
    between words does not count.
    """
    wanted = _fields(expected)
    if wanted is None:
        return float(answer.split() == expected.split())
    found = _fields(answer)
    if found is None:
        return 0.0
    names = wanted.keys() | found.keys()
    # Compared as JSON: Python holds true and 1 to be equal.
    equal = sum(name in wanted and name in found and _same(wanted[name], found[name]) for name in names)
    return equal / len(names) if names else 1.0


def _fields(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)

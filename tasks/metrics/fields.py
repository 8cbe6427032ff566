"""JSON objects as fields: parsed strictly, taken apart to their leaves, lists paired with each other."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

Path = tuple[str | int, ...]
Same = Callable[[Path, Any, Any], bool]


class Gap:
    """Stands for an element that a list lacks."""


def parse_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that the whole text is (white space around it allowed), or None."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        # Babble can open more brackets than the parser's stack holds.
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def leaves(value: Any) -> dict[Path, Any]:
    """Return the leaves of a JSON value by path: strings, numbers, booleans, null, empty objects and lists."""
    found: dict[Path, Any] = {}
    # No recursion: a babbling model can nest as deep as the parser allows.
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, dict) and part:
            waiting.extend(((*path, name), inner) for name, inner in reversed(part.items()))
        elif isinstance(part, list) and part:
            waiting.extend(((*path, at), inner) for at, inner in reversed(list(enumerate(part))))
        elif part is not Gap:
            found[path] = part
    return found


def path_text(path: Path) -> str:
    """Return a path as people write it, such as `lines[0].price`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def field_name(path: Path) -> str:
    """Return the name of the field that a path belongs to: positions in lists are one, such as `lines[].price`."""
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def is_empty(value: Any) -> bool:
    """Return whether a leaf says that there is no value: null, or an empty object or list."""
    return value is None or value in ({}, [])


def pair_lists(expected: Any, found: Any, same: Same, path: Path = ()) -> Any:
    """Return `found` with the elements of its lists in the order of those of `expected` that they agree with most.

    The pairing is the best there is over the number of equal leaves (linear sum assignment); of equally good ones the
    first. Elements without a partner come last.

    Args:
        expected: A JSON value.
        found: A JSON value.
        same: Whether two leaves at a path are the same.
        path: Where the two values are.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        return {
            name: pair_lists(expected[name], inner, same, (*path, name)) if name in expected else inner
            for name, inner in found.items()
        }
    if not (isinstance(expected, list) and isinstance(found, list) and expected and found):
        return found
    from scipy.optimize import linear_sum_assignment

    inner = (*path, 0)
    paired = [[pair_lists(wanted, candidate, same, inner) for candidate in found] for wanted in expected]
    agreement = [
        [_agreement(wanted, candidate, same, inner) for candidate in row]
        for wanted, row in zip(expected, paired, strict=True)
    ]
    rows, columns = (chosen.tolist() for chosen in linear_sum_assignment(agreement, maximize=True))
    placed = dict(zip(rows, columns, strict=True))
    rest = [element for at, element in enumerate(found) if at not in set(columns)]
    return [paired[at][placed[at]] if at in placed else Gap for at in range(len(expected))] + rest


def _agreement(expected: Any, found: Any, same: Same, path: Path) -> int:
    wanted, given = leaves(expected), leaves(found)
    return sum(at in given and same((*path, *at), value, given[at]) for at, value in wanted.items())

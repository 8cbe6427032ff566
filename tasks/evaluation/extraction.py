"""Scores of extraction: an answer is a JSON object, compared field by field with the expected one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True)
class ItemScore:
    """How one answer compares with the expected one.

    Attributes:
        valid: The whole answer is a JSON object; where no object is expected: the answer is not empty.
        fields: For each expected field whether the answer has its value; empty where no object is expected.
        field_accuracy: Share of right fields, 0 to 1; 0 when the answer is not valid.
        match: Every field is right and there is no other.
    """

    valid: bool
    fields: dict[str, bool]
    field_accuracy: float
    match: bool


def score_answer(expected: str, answer: str) -> ItemScore:
    """Compare an answer with the expected one; where that is no JSON object, the texts must be equal."""
    wanted = parse_object(expected)
    if wanted is None:
        match = answer.strip() == expected.strip()
        return ItemScore(bool(answer.strip()), {}, float(match), match)
    found = parse_object(answer)
    if found is None:
        return ItemScore(False, dict.fromkeys(wanted, False), 0.0, False)
    fields = {name: name in found and same_value(value, found[name]) for name, value in wanted.items()}
    match = all(fields.values()) and found.keys() == wanted.keys()
    return ItemScore(True, fields, sum(fields.values()) / len(fields) if fields else float(match), match)


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


def same_value(expected: Any, found: Any) -> bool:
    """Return whether two JSON values mean the same: numbers by value, strings without outer spaces and case."""
    if isinstance(expected, str) and isinstance(found, str):
        return expected.strip().casefold() == found.strip().casefold()
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same_value(expected[name], found[name]) for name in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same_value, expected, found))
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None or found is None:
        # Python holds True equal to 1; JSON does not.
        return expected is found
    return _is_number(expected) and _is_number(found) and bool(expected == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def summarise(scores: Sequence[ItemScore]) -> dict[str, Any]:
    """Return the means over all items, and each field's accuracy over the items that expect it."""
    count = len(scores)
    names = dict.fromkeys(name for score in scores for name in score.fields)
    by_name = {name: [score.fields[name] for score in scores if name in score.fields] for name in names}
    return {
        "n": count,
        "valid_json": sum(score.valid for score in scores) / count,
        "field_accuracy": sum(score.field_accuracy for score in scores) / count,
        "record_match": sum(score.match for score in scores) / count,
        "fields": {name: sum(right) / len(right) for name, right in by_name.items()},
    }

"""Which row of a duplicate group is kept.

`first`    the first in file order.
`longest`  the longest clean answer. An answer is clean when it is not empty, holds no control characters and no
           replacement character (bytes lost in an encoding), closes what it opens (brackets, code fences), does not
           stop in the middle of a sentence, does not refuse, and is valid JSON where most answers of the group are.
           Where none is clean, the first row is kept.
`newest`   the latest date in a field.
`quality`  the highest number in a field.

Ties go to the first in file order.
"""

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from tasks.errors import DataError
from tasks.screening.refusals import refusal_rule
from tasks.store.records import Row, turn_text

Rule = Literal["first", "longest", "newest", "quality"]

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_TRUNCATED = re.compile(r"(?:[,;:(\[{<]|\.\.\.|…|\[(?:truncated|cut)\])\s*$", re.IGNORECASE)
_PAIRS = ("()", "[]", "{}")


def choose_representative(records: Sequence[Row], members: Sequence[int], rule: Rule, field: str = "") -> int:
    """Return the position of the row of a group that is kept.

    Args:
        records: All records, in file order.
        members: Positions of the group's rows, not empty.
        rule: See this module.
        field: Name in `fields`, for `newest` (ISO 8601 dates or times; without a zone they are UTC) and `quality`.

    Raises:
        DataError: A row of the group lacks the field, or its value cannot be read.
    """
    rows = sorted(members)
    if rule == "first":
        return rows[0]
    if rule == "longest":
        answers = {row: answer_of(records[row]) for row in rows}
        wants_json = 2 * sum(_is_json(answer) for answer in answers.values()) > len(rows)
        # Clean ones first; among none, the longest of the others would be the one with the most rubbish.
        clean = [row for row in rows if is_clean(answers[row], wants_json=wants_json)]
        return max(clean, key=lambda row: (len(answers[row]), -row)) if clean else rows[0]
    read = _time if rule == "newest" else _number
    return max(rows, key=lambda row: (read(records[row], field), -row))


def check_field(records: Sequence[Row], rule: Rule, field: str) -> None:
    """Raise when a rule's field cannot be read in some row, so that it is known before anything is compared.

    Raises:
        DataError: Names the first such row, and how many there are.
    """
    if rule not in ("newest", "quality"):
        return
    read = _time if rule == "newest" else _number
    problems = []
    for record in records:
        try:
            read(record, field)
        except DataError as error:
            problems.append(str(error))
    if problems:
        more = f" {len(problems) - 1} more rows have the like." if len(problems) > 1 else ""
        raise DataError(f"{problems[0]}{more}")


def answer_of(record: Row) -> str:
    """Return the text of the last assistant turn (its tool calls included), or a plain record's text."""
    turns = [turn for turn in record["messages"] if turn["role"] == "assistant"]
    return turn_text(turns[-1]) if turns else str(record["text"])


def is_clean(answer: str, *, wants_json: bool = False) -> bool:
    """Return whether an answer is whole and an answer."""
    answer = answer.strip()
    if not answer or _CONTROL.search(answer) or refusal_rule(answer):
        return False
    if _is_json(answer):
        return True
    balanced = all(answer.count(pair[0]) == answer.count(pair[1]) for pair in _PAIRS)
    return not wants_json and balanced and answer.count("```") % 2 == 0 and not _TRUNCATED.search(answer)


def _is_json(text: str) -> bool:
    """Return whether a text is a JSON object or array; a bare word or number says nothing about its form."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _value(record: Row, field: str) -> object:
    value = record["fields"].get(field)
    if value is None or value == "":
        known = ", ".join(sorted(record["fields"])) or "none"
        raise DataError(
            f"{record['file']}:{record['row']} has no field '{field}', which decides what row of a duplicate group is "
            f"kept (fields there: {known}). Fill it in, name another field, or keep the first row."
        )
    return value


def _time(record: Row, field: str) -> datetime:
    value = _value(record, field)
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise DataError(
            f"{record['file']}:{record['row']}: the field '{field}' is {value!r}, no ISO 8601 date such as "
            "2024-05-31 or 2024-05-31T12:00:00Z."
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _number(record: Row, field: str) -> float:
    value = _value(record, field)
    try:
        read = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        read = math.nan
    if math.isnan(read):
        raise DataError(f"{record['file']}:{record['row']}: the field '{field}' is {value!r}, no number.")
    return read

"""The formats: which one a file has, and how its rows become records."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from tasks.ingest.content import Part, check_length, check_nested, check_text, is_clean
from tasks.ingest.fields import kind_name, needed, other_columns, shown_name, text_in
from tasks.ingest.languages import check_language
from tasks.ingest.parts import Note, Parts
from tasks.ingest.preference import SIDES, read_preference
from tasks.ingest.questions import ANSWERS, CONVERSATIONS, QUESTIONS, read_chat, read_question
from tasks.ingest.reasons import BadRowError
from tasks.ingest.rules import Rules

Format = Literal["instruction", "chat", "completion", "preference", "unknown"]

# In the order in which a row with the columns of several is asked. Of each inner tuple one column is needed.
_COLUMNS: dict[Format, tuple[tuple[str, ...], ...]] = {
    "preference": tuple((side,) for side in SIDES),
    "chat": (CONVERSATIONS,),
    "instruction": (QUESTIONS, ANSWERS),
    "completion": (("text",),),
}
_PARTS: dict[str, Part] = {"system": "system", "user": "user", "assistant": "answer", "tool": "tool"}


class Shaped(NamedTuple):
    """A good row.

    Attributes:
        form: The format it was read in.
        parts: What a record takes from the row itself: messages, text and fields, and tools and rejected if any.
        notes: What is worth counting of it.
    """

    form: Format
    parts: dict[str, Any]
    notes: list[Note]


def detect(values: Iterable[Any]) -> Format:
    """Return the format that most rows have; `unknown` when none has any of the columns that tell it."""
    votes: dict[Format, int] = dict.fromkeys(_COLUMNS, 0)
    for value in values:
        form = looks_like(value) if isinstance(value, dict) else "unknown"
        if form != "unknown":
            votes[form] += 1
    best = max(votes, key=votes.__getitem__)
    return best if votes[best] else "unknown"


def looks_like(row: dict[str, Any]) -> Format:
    """Return the format that the columns of a row speak for, whole or in part."""
    # A score or a yes called "rejected" is no answer.
    if all(isinstance(row.get(side), (str, list, dict)) for side in SIDES):
        return "preference"
    for form, groups in _COLUMNS.items():
        if form != "preference" and any(row.get(name) is not None for names in groups for name in names):
            return form
    return "unknown"


def normalise(value: Any, form: Format, rules: Rules) -> Shaped:
    """Return what a record takes from a row of a file of some format.

    Raises:
        BadRowError: The row breaks the contract.
    """
    if not isinstance(value, dict):
        raise BadRowError("not_an_object", f"the row is {kind_name(value)}")
    if not _complete(value, form):
        form = _other_form(value, form, rules)
    notes: list[Note] = []
    parts = _READERS[form](value, notes)
    _check_content(parts, rules)
    fields, nested = other_columns(value, parts.used)
    if nested:
        notes += [("column", shown_name(name)) for name in nested]
    if notes and rules.strict:
        unknown = ", ".join(sorted({name for _, name in notes}))
        raise BadRowError("unknown_fields", f"the format does not know: {unknown}")
    if rules.languages:
        language = check_language(parts.messages, parts.text, rules.languages, rules.least)
        notes.append(("language", language))
    record: dict[str, Any] = {"messages": parts.messages, "text": parts.text, "fields": fields}
    if parts.tools:
        record["tools"] = parts.tools
    if parts.rejected:
        record["rejected"] = parts.rejected
    return Shaped(form, record, notes)


def _complete(row: dict[str, Any], form: Format) -> bool:
    """Say whether a row has a value for all that a format cannot do without."""
    for names in _COLUMNS.get(form, ()):
        for name in names:
            if row.get(name) is not None:
                break
        else:
            return False
    return form != "unknown"


def _other_form(row: dict[str, Any], form: Format, rules: Rules) -> Format:
    """Return the format to read a row in that lacks columns of its file's format."""
    seems = looks_like(row)
    if seems == form or not _complete(row, seems):
        return form
    if rules.convert:
        return seems
    raise BadRowError("mixed_format", f"looks like {seems}, the file's format is {form}")


def _read_completion(row: dict[str, Any], _notes: list[Note]) -> Parts:
    return Parts([], ("text",), text=text_in(needed(row, ("text",)), "text"))


def _read_unknown(_row: dict[str, Any], _notes: list[Note]) -> Parts:
    names = dict.fromkeys(name for groups in _COLUMNS.values() for names in groups for name in names)
    raise BadRowError("missing_field", f"no format is told by the columns; looked for {', '.join(names)}")


_READERS: dict[Format, Callable[[dict[str, Any], list[Note]], Parts]] = {
    "preference": read_preference,
    "chat": read_chat,
    "instruction": read_question,
    "completion": _read_completion,
    "unknown": _read_unknown,
}


def _check_content(parts: Parts, rules: Rules) -> None:
    if not parts.messages:
        check_length(len(parts.text), rules.max_chars)
        check_text(parts.text, "answer", "text", rules.markers)
        return
    turns = [*parts.messages, *parts.rejected] if parts.rejected else parts.messages
    texts = [turn["content"] for turn in turns]
    length = sum(map(len, texts))
    if parts.tools:
        length += check_nested(parts.tools, "tools", rules.markers)
    for index, turn in enumerate(turns):
        if len(turn) > 2:
            besides = [held for name, held in turn.items() if name not in ("role", "content")]
            length += check_nested(besides, f"the tool call or result at {parts.place(index)}", rules.markers)
    check_length(length, rules.max_chars)
    # All texts at once first: nearly every row passes here.
    if all(map(str.strip, texts)) and is_clean("\n".join(texts), rules.markers):
        return
    for index, turn in enumerate(turns):
        part = "tool" if "tool_calls" in turn else _PARTS[turn["role"]]
        check_text(turn["content"], part, parts.place(index), rules.markers)

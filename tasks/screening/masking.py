"""Placeholders for what was found: one for each value of a record, wherever and however it is written there."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from tasks.screening.personal import Span
from tasks.screening.texts import changed, texts_of
from tasks.store.records import Row

Spans = Mapping[str, Sequence[Span]]

_SEPARATORS = r"[ ./()-]*"
_BARE_BEFORE, _BARE_AFTER = re.compile(r"[\[:,\s]$"), re.compile(r"^[\s,}\]]")


def without_overlaps(spans: Sequence[Span], first: Callable[[Span], object]) -> list[Span]:
    """Return spans that share no character, by place: of two that do, the one that `first` orders lower stays.

    Args:
        spans: Of one text.
        first: What matters before length; of equals the longer span stays, then the earlier one.
    """
    taken: list[Span] = []
    for span in sorted(spans, key=lambda span: (first(span), span.start - span.end, span.start, span.kind)):
        if all(span.end <= other.start or span.start >= other.end for other in taken):
            taken.append(span)
    return sorted(taken)


def same_values(texts: Mapping[str, str], found: Spans) -> dict[str, list[Span]]:
    """Return where the values found stand once more in other spelling, or where no detector sees them.

    An answer that repeats a number of the question without its plus, or as bare digits, must get the same placeholder.
    """
    values = {
        (span.kind, span.value): texts[where][span.start : span.end] for where, spans in found.items() for span in spans
    }
    searches = [(kind, value, _spellings(kind, value, written)) for (kind, value), written in values.items()]
    return {
        where: [
            Span(match.start(), match.end(), kind, value)
            for kind, value, spellings in searches
            for match in spellings.finditer(text)
        ]
        for where, text in texts.items()
    }


def mask(record: Row, found: Spans) -> Row:
    """Return a record with each span replaced by its placeholder, such as [EMAIL_1].

    Values are numbered within their kind in the order of the record; numbers whose placeholder stands in the record
    already are passed over. A text that was JSON stays JSON: a bare number becomes a string.

    Args:
        record: As read.
        found: The spans of each place, without overlaps.
    """
    names: dict[tuple[str, str], str] = {}
    written = "\n".join(text for _, text in texts_of(record))

    def name_of(span: Span) -> str:
        key = (span.kind, span.value)
        if key not in names:
            number = 1 + sum(kind == span.kind for kind, _ in names)
            while (name := f"[{span.kind}_{number}]") in written or name in names.values():
                number += 1
            names[key] = name
        return names[key]

    def change(where: str, text: str) -> str:
        spans = found.get(where)
        return _replaced(text, [(span, name_of(span)) for span in spans]) if spans else text

    return changed(record, change)


def _replaced(text: str, placed: Sequence[tuple[Span, str]]) -> str:
    plain = _join(text, placed, lambda _span, name: name)
    if not text.lstrip().startswith(("{", "[")) or not _is_json(text) or _is_json(plain):
        return plain

    def quoted(span: Span, name: str) -> str:
        bare = _BARE_BEFORE.search(text[: span.start][-1:]) and _BARE_AFTER.search(text[span.end :][:1])
        return f'"{name}"' if bare else name

    return _join(text, placed, quoted)


def _join(text: str, placed: Sequence[tuple[Span, str]], write: Callable[[Span, str], str]) -> str:
    parts, position = [], 0
    for span, name in placed:
        parts += [text[position : span.start], write(span, name)]
        position = span.end
    return "".join([*parts, text[position:]])


def _spellings(kind: str, value: str, written: str) -> re.Pattern[str]:
    forms = [re.escape(written)]
    if kind in {"PHONE", "CREDIT_CARD", "SSN", "IBAN"}:
        forms.append(r"\+?" + _SEPARATORS.join(re.escape(character) for character in value.lstrip("+")))
    flags = re.IGNORECASE if kind == "EMAIL" else 0
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(forms)})(?![A-Za-z0-9])", flags)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

"""Response format: whether an answer follows a template of literal text and typed places."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, ratio, summary
from tasks.metrics.files import read_text, role
from tasks.metrics.params import ResponseFormat

TYPES = {
    "word": r"\S+",
    "text": r"[^\S\n]*\S[^\n]*",
    "lines": r"(?s:.+)",
    "integer": r"[+-]?\d+",
    "number": r"[+-]?\d+(?:\.\d+)?",
    "date": r"\d{4}-\d{2}-\d{2}",
}
# A pattern that a user wrote may need ages on a model's babble; the answer does not follow the template then.
MATCH_TIMEOUT_S = 2.0
# A place ends at its first }}, so that one may stand before a JSON object's own brace; a regular expression, which may
# end with a brace itself, ends at the last two of a row.
_PLACE = re.compile(
    r"\{\{\s*(?P<name>[A-Za-z_]\w*)\s*:\s*(?P<type>regex\s*:.*?(?=\s*\}\}(?!\}))|(?!regex\s*:).*?(?=\s*\}\}))\s*\}\}",
    re.DOTALL,
)
_UNTYPED = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Part:
    """A stretch of a template: literal text, or a place with its name and type; `pattern` is what it matches."""

    text: str
    pattern: str
    name: str = ""
    type: str = ""

    @property
    def shown(self) -> str:
        """The part as a detail names it."""
        return f"{{{{{self.name}:{self.type}}}}}" if self.name else self.text


class ResponseFormatMetric:
    """Matches the whole answer with the template; `adherence` decides.

    Figures of an item: `adherence` (the whole answer follows), `followed` (share of the template's parts that the
    answer follows from its beginning), `values` (share of the places that hold what the expected answer's hold; white
    space around the whole answer, and line ends, do not matter).
    """

    main = "adherence"

    def __init__(self, params: ResponseFormat) -> None:
        self._params = params
        self._where = role(params, "template_file")
        self._parts = read_template(read_text(params.template_file, self._where), self._where)

    def check(self, items: Sequence[Item]) -> None:
        """Refuse a template that an expected answer does not follow."""
        for item in items:
            if self._match(item.expected, self._parts) is None:
                stop = self._parts[min(self._followed(item.expected), len(self._parts) - 1)].shown
                raise ConfigError(
                    f"{self._where}: the expected answer of {item.id} does not follow the template from {stop!r} on. "
                    "Correct the template or the row, or name the sources whose answers follow it."
                )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item; its detail has the values, or the part where the answer stops to follow."""
        return [self._score(item) for item in items]

    def summarise(self, _items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return the means, and a table of the parts where answers stop to follow the template."""
        stops = Counter(score.detail["stops_at"] for score in scores if "stops_at" in score.detail)
        rows: list[list[Any]] = [[part, count] for part, count in stops.most_common()]
        tables = [{"title": "Where answers leave the template", "columns": ["part", "answers"], "rows": rows}]
        return summary("format", self.main, scores, tables if rows else (), None)  # type: ignore[arg-type]

    def _score(self, item: Item) -> Score:
        wanted = self._match(item.expected, self._parts) or {}
        found = self._match(item.answer, self._parts)
        places = [part.name for part in self._parts if part.name]
        if found is not None:
            same = [found[name].strip() == wanted.get(name, "").strip() for name in places]
            values = ratio(sum(same), len(same)) if same else 1.0
            return Score(1.0, {"adherence": 1.0, "followed": 1.0, "values": values}, {"values": found})
        count = self._followed(item.answer)
        stop = self._parts[count].shown if count < len(self._parts) else "(text behind the end)"
        followed = count / len(self._parts) if count < len(self._parts) else 1.0
        return Score(0.0, {"adherence": 0.0, "followed": followed, "values": 0.0}, {"stops_at": stop})

    def _followed(self, answer: str) -> int:
        """Return how many of the template's first parts the answer begins with."""
        count = 0
        while count < len(self._parts) and self._match(answer, self._parts[: count + 1], whole=False) is not None:
            count += 1
        return count

    def _match(self, answer: str, parts: Sequence[Part], whole: bool = True) -> dict[str, str] | None:
        import regex

        pattern = regex.compile("".join(part.pattern for part in parts))
        text = answer.strip().replace("\r\n", "\n")
        try:
            found = (pattern.fullmatch if whole else pattern.match)(text, timeout=MATCH_TIMEOUT_S)
        except TimeoutError:
            return None
        if found is None:
            return None
        values: dict[str, str] = found.groupdict()
        return values if all(_real(values[part.name]) for part in parts if part.type == "date") else None


def read_template(text: str, where: str) -> list[Part]:
    """Return the parts of a template.

    Args:
        text: Such as `ETD: {{etd:date}}`.
        where: The parameter that names the file, for messages.

    Raises:
        ConfigError: An unknown type, a broken pattern, a name that is there twice, no text at all.
    """
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise ConfigError(f"{where} is empty: write a template such as 'ETD: {{{{etd:date}}}}'.")
    parts: list[Part] = []
    at = 0
    for place in _PLACE.finditer(text):
        if place.start() > at:
            parts.append(_literal(text[at : place.start()], where))
        name, kind = place["name"], place["type"]
        if any(part.name == name for part in parts):
            raise ConfigError(f"{where}: the place {name} is there twice; give each place a name of its own.")
        parts.append(Part(place[0], f"(?P<{name}>{_type_pattern(name, kind, where)})", name, kind))
        at = place.end()
    if at < len(text):
        parts.append(_literal(text[at:], where))
    return parts


def _literal(text: str, where: str) -> Part:
    if untyped := _UNTYPED.search(text):
        raise ConfigError(
            f"{where}: the place {untyped[0]} has no type: write {{{{{untyped[1]}:text}}}} or another type."
        )
    return Part(text, re.escape(text))


def _type_pattern(name: str, kind: str, where: str) -> str:
    if kind in TYPES:
        return TYPES[kind]
    if kind.startswith("regex:"):
        import regex

        try:
            groups = regex.compile(kind.removeprefix("regex:")).groupindex
        except regex.error as error:
            raise ConfigError(f"{where}: the pattern of {name} is no regular expression: {error}") from error
        if groups:
            raise ConfigError(f"{where}: the pattern of {name} has named groups; write (?:...) instead.")
        return f"(?:{kind.removeprefix('regex:')})"
    choices = [choice.strip() for choice in kind.removeprefix("(").removesuffix(")").split("|")]
    if kind.startswith("(") and kind.endswith(")") and all(choices):
        return "|".join(re.escape(choice) for choice in choices)
    raise ConfigError(
        f"{where}: the place {name} has the unknown type {kind!r}. Types: {', '.join(TYPES)}, one of (a|b), "
        "regex:PATTERN."
    )


def _real(value: str) -> bool:
    """Return whether a date is one of the calendar."""
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True

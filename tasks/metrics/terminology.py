"""Terminology: where the prompt has a source term, the answer must use a required term and no forbidden one."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, ratio, summary
from tasks.metrics.files import read_text, role
from tasks.metrics.params import Terminology
from tasks.store.records import turn_text

COLUMNS = ("source", "required", "forbidden")


@dataclass(frozen=True)
class Entry:
    """One row of the glossary.

    Attributes:
        source: The term that brings the entry into force; empty: always.
        required: One of these must be in the answer; empty: none is required.
        forbidden: None of these may be in the answer.
        patterns: The same as patterns, in this order.
    """

    source: str
    required: tuple[str, ...]
    forbidden: tuple[str, ...]
    patterns: tuple[re.Pattern[str] | None, re.Pattern[str] | None, dict[str, re.Pattern[str]]]


class TerminologyMetric:
    """Counts term errors; `term_accuracy` decides, which is 1 - term error rate.

    Each required term (one of its alternatives counts) and each list of forbidden terms of an entry in force is one
    check. An item with no entry in force has nothing to be wrong about: 1. The rate over all checks is in the table.
    """

    main = "term_accuracy"

    def __init__(self, params: Terminology) -> None:
        self._params = params
        where = role(params, "glossary_file")
        self._entries = read_glossary(read_text(params.glossary_file, where), where, params.ignore_case)

    def check(self, items: Sequence[Item]) -> None:
        """Refuse a glossary that is in force for no item."""
        if not any(self._in_force(item) for item in items):
            raise ConfigError(
                f"{role(self._params, 'glossary_file')}: no prompt has any of the {len(self._entries)} source "
                "terms, so "
                "nothing would be measured. Check the spelling of the terms, or the metric's sources."
            )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item; its detail has the checks that were made and the terms that are wrong."""
        return [self._score(item) for item in items]

    def summarise(self, _items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return the means and a table of each term's checks and errors."""
        made: Counter[str] = Counter()
        missing: Counter[str] = Counter()
        used: Counter[str] = Counter()
        checks = 0
        for score in scores:
            checks += score.detail["checks"]
            made.update(score.detail["sources"])
            missing.update(error["source"] for error in score.detail["errors"] if "missing" in error)
            used.update(error["source"] for error in score.detail["errors"] if "used" in error)
        rate = ratio(sum(missing.values()) + sum(used.values()), checks)
        return summary(
            "terminology",
            self.main,
            scores,
            [
                {
                    "title": f"Terms (term error rate {rate:.3f} over {checks} checks)",
                    "columns": ["source", "items", "required term missing", "forbidden term used"],
                    "rows": [[source, count, missing[source], used[source]] for source, count in made.most_common()],
                }
            ],
            {"checked_terms": 1 - rate} if checks else {},
        )

    def _in_force(self, item: Item) -> list[Entry]:
        prompt = "\n".join(turn_text(turn) for turn in item.messages if turn["role"] != "system")
        return [entry for entry in self._entries if entry.patterns[0] is None or entry.patterns[0].search(prompt)]

    def _score(self, item: Item) -> Score:
        entries = self._in_force(item)
        checks, errors = 0, []
        for entry in entries:
            _source, required, forbidden = entry.patterns
            if required is not None:
                checks += 1
                if not required.search(item.answer):
                    errors.append({"source": entry.source, "missing": list(entry.required)})
            if forbidden:
                checks += 1
                if used := [term for term, pattern in forbidden.items() if pattern.search(item.answer)]:
                    errors.append({"source": entry.source, "used": used})
        value = 1 - ratio(len(errors), checks)
        detail = {"checks": checks, "sources": [entry.source for entry in entries], "errors": errors}
        return Score(value, {self.main: value, "no_term_error": float(not errors)}, detail)


def read_glossary(text: str, where: str, ignore_case: bool) -> list[Entry]:
    """Return the entries of a glossary.

    Args:
        text: CSV with a header.
        where: The parameter that names the file, for messages.
        ignore_case: As in the parameters.

    Raises:
        ConfigError: Other columns, a row that asks for nothing, a term that is required and forbidden, no row.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise ConfigError(f"{where}: line {reader.line_num} is no CSV: {error}") from error
    if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
        raise ConfigError(f"{where}: the header must be {','.join(COLUMNS)}, not {','.join(reader.fieldnames or ())}.")
    entries = []
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ConfigError(f"{where}: row {number} has another number of columns than the header.")
        source, required, forbidden = (_terms(row[name]) for name in COLUMNS)
        if not required and not forbidden:
            raise ConfigError(f"{where}: row {number} has neither a required nor a forbidden term.")
        if both := set(required) & set(forbidden):
            raise ConfigError(f"{where}: row {number} requires and forbids {', '.join(sorted(both))}.")
        patterns = (
            _pattern(source, ignore_case),
            _pattern(required, ignore_case),
            {term: _one_pattern((term,), ignore_case) for term in forbidden},
        )
        entries.append(Entry(" | ".join(source), required, forbidden, patterns))
    if not entries:
        raise ConfigError(f"{where} has no row: write at least one below the header.")
    return entries


def _terms(cell: str) -> tuple[str, ...]:
    return tuple(term.strip() for term in cell.split("|") if term.strip())


def _pattern(terms: tuple[str, ...], ignore_case: bool) -> re.Pattern[str] | None:
    return _one_pattern(terms, ignore_case) if terms else None


def _one_pattern(terms: tuple[str, ...], ignore_case: bool) -> re.Pattern[str]:
    """Return a pattern for any of the terms as whole words; any white space is a blank, a final * any ending."""
    parts = []
    for term in terms:
        words = r"\s+".join(map(re.escape, term.removesuffix("*").split()))
        parts.append(words + (r"\w*" if term.endswith("*") else ""))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE if ignore_case else 0)

"""Extraction: an answer is one JSON object, compared field by field with the expected one.

The whole answer counts: right JSON inside words scores nothing, as it would with a program that reads the answers. A
field is a leaf of the object, named by its path; positions in lists are one field (`lines[].price`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, Table, f1, ratio, summary
from tasks.metrics.fields import Path, field_name, is_empty, leaves, pair_lists, parse_object, path_text
from tasks.metrics.files import read_text, role
from tasks.metrics.normalise import same
from tasks.metrics.params import Extraction
from tasks.quality.schema import value_check
from tasks.store.keys import canonical

# right, wrong: both have a value. missing: the answer has none. extra: only the answer has one. empty: both say that
# there is none. form: both have none, but a key is absent, too many, or another kind of nothing: no value is lost, yet
# not equal.
Outcome = Literal["right", "wrong", "missing", "extra", "empty", "form"]
NONE = "(none)"
MOST_CONFUSIONS = 50


class ExtractionMetric:
    """Compares JSON objects; `field_accuracy` decides.

    Figures of an item: `field_accuracy` (share of the expected fields that are right, null where null is expected
    included), `match` (all are, and there is no other), `valid` (the whole answer is one JSON object), and with a
    schema `schema_valid`. Where no object is expected, the texts must be equal. Of all items: precision, recall and F1
    of values (micro average), where null, {} and [] are no values.
    """

    main = "field_accuracy"

    def __init__(self, params: Extraction) -> None:
        self._params = params
        self._schema = None
        if params.schema_file:
            where = role(params, "schema_file")
            self._schema = value_check(read_text(params.schema_file, where).encode(), where)

    def check(self, items: Sequence[Item]) -> None:
        """Refuse names of fields that no expected answer has, and a schema that expected answers break."""
        values = [(item.id, parse_object(item.expected)) for item in items]
        known = {field_name(path) for _id, value in values if value is not None for path in leaves(value)}
        for parameter, names in (("normalisers", self._params.normalisers), ("confusions", self._params.confusions)):
            if unknown := sorted(set(names) - known):
                raise ConfigError(
                    f"{role(self._params, parameter)}: no expected answer has {', '.join(unknown)}. "
                    f"The fields are {', '.join(sorted(known)) or 'none: no expected answer is a JSON object'}."
                )
        for name, value in values if self._schema else ():
            if value is not None and (broken := self._schema(value)):  # type: ignore[misc]
                raise ConfigError(
                    f"{role(self._params, 'schema_file')}: the expected answer of {name} breaks the schema "
                    f"({'; '.join(broken[:3])}). Correct the schema, or the row."
                )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item; its detail has each field's outcome by path, and what was taken for what."""
        return [self._score(item) for item in items]

    def summarise(self, _items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return the means, precision, recall and F1 of all values, and the tables of fields and of confusions."""
        by_field: dict[str, Counter[str]] = {}
        for score in scores:
            for outcome, names in score.detail["outcomes"].items():
                for name in names:
                    by_field.setdefault(_general(name), Counter())[outcome] += 1
        total = sum(by_field.values(), Counter())
        more = dict(zip(("precision", "recall", "f1"), _rates(total), strict=True)) if by_field else {}
        tables = [_field_table(by_field)] if by_field else []
        tables += [_confusion_table(name, scores) for name in self._params.confusions]
        return summary("extraction", self.main, scores, tables, more)

    def _score(self, item: Item) -> Score:
        wanted, found = parse_object(item.expected), parse_object(item.answer)
        if wanted is None:
            match = item.answer.strip() == item.expected.strip()
            return self._figures(bool(item.answer.strip()), float(match), match, {}, found)
        valid = found is not None
        if found is not None and not self._params.list_order:
            found = pair_lists(wanted, found, self._same)
        expected, given = _fields(wanted), _fields(found or {})
        outcomes = {
            path: self._outcome(path, expected, given) for path in [*expected, *(p for p in given if p not in expected)]
        }
        right = [outcomes[path] in ("right", "empty") for path in expected]
        match = valid and all(outcome in ("right", "empty") for outcome in outcomes.values())
        accuracy = ratio(sum(right), len(right)) if right else float(match)
        detail: dict[str, Any] = {"outcomes": {}}
        for path, outcome in outcomes.items():
            detail["outcomes"].setdefault(outcome, []).append(path_text(path))
        confusions = [
            [field_name(path), _shown(expected.get(path)), _shown(given.get(path))]
            for path in outcomes
            if field_name(path) in self._params.confusions and outcomes[path] in ("wrong", "missing", "extra")
        ]
        if confusions:
            detail["confusions"] = confusions
        return self._figures(valid, accuracy if valid else 0.0, match, detail, found)

    def _figures(
        self, valid: bool, accuracy: float, match: bool, detail: dict[str, Any], found: dict[str, Any] | None
    ) -> Score:
        figures = {"field_accuracy": accuracy, "match": float(match), "valid": float(valid)}
        detail = {"outcomes": {}} | detail
        if self._schema:
            broken = self._schema(found) if found is not None else ["no JSON object"]
            figures["schema_valid"] = float(not broken)
            if broken:
                detail["schema"] = broken
        return Score(accuracy, figures, detail)

    def _same(self, path: Path, expected: Any, found: Any) -> bool:
        return same(expected, found, self._params.normalisers.get(field_name(path)))

    def _outcome(self, path: Path, expected: dict[Path, Any], found: dict[Path, Any]) -> Outcome:
        wanted = path in expected and not is_empty(expected[path])
        given = path in found and not is_empty(found[path])
        if wanted != given:
            return "missing" if wanted else "extra"
        equal = path in expected and path in found and self._same(path, expected[path], found[path])
        if wanted:
            return "right" if equal else "wrong"
        return "empty" if equal else "form"


def _fields(value: dict[str, Any]) -> dict[Path, Any]:
    """Return the leaves; an object without fields has none."""
    return leaves(value) if value else {}


def _general(path: str) -> str:
    """Return the field of a path's text: `lines[0].price` is `lines[].price`."""
    return re.sub(r"\[\d+\]", "[]", path)


def _shown(value: Any) -> str:
    if is_empty(value):
        return NONE
    return value if isinstance(value, str) else canonical(value).decode()


def _rates(counts: Counter[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of values."""
    precision = ratio(counts["right"], counts["right"] + counts["wrong"] + counts["extra"])
    recall = ratio(counts["right"], counts["right"] + counts["wrong"] + counts["missing"])
    return precision, recall, f1(precision, recall)


def _field_table(by_field: dict[str, Counter[str]]) -> Table:
    columns = ["field", "values", "right", "wrong", "missing", "extra", "precision", "recall", "F1"]
    rows = [
        [
            name,
            counts["right"] + counts["wrong"] + counts["missing"],
            *(counts[outcome] for outcome in ("right", "wrong", "missing", "extra")),
            *_rates(counts),
        ]
        for name, counts in by_field.items()
    ]
    return {"title": "Fields", "columns": columns, "rows": rows}


def _confusion_table(field: str, scores: Sequence[Score]) -> Table:
    pairs = Counter(
        (expected, found)
        for score in scores
        for name, expected, found in score.detail.get("confusions", ())
        if name == field
    )
    rows: list[list[Any]] = [
        [expected, found, count]
        for (expected, found), count in sorted(pairs.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_CONFUSIONS]
    ]
    return {"title": f"Taken for each other: {field}", "columns": ["expected", "answered", "times"], "rows": rows}

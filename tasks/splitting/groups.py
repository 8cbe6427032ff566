"""Which records must stay together: duplicates, rows that share a value of a named field, rows that ask the same."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.errors import ConfigError
from tasks.store.records import Row

NO_VALUE = "(none)"
GENERAL_STRATUM = "(general)"


@dataclass(frozen=True)
class Group:
    """Records that lie in one split; all of the task, or all general ones.

    Attributes:
        name: The smallest id in it: the same in whatever order the records come.
        stratum: The one most of its records belong to.
        members: Positions of its records, ascending.
        keys: What its records are, whatever file and row they stand in (see `key_of`), sorted.
    """

    name: str
    stratum: str
    members: tuple[int, ...]
    keys: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many records it holds."""
        return len(self.members)


def check_fields(records: Sequence[Row], **fields: Sequence[str]) -> None:
    """Refuse field names that no task record has.

    Args:
        records: All records.
        fields: Field names by the parameter that named them; an empty name is none.

    Raises:
        ConfigError: With the fields that exist.
    """
    known = {name for record in records if record["origin"] != "general" for name in record["fields"]}
    unknown = [
        f"splitting.{param} names '{name}'"
        for param, names in fields.items()
        for name in names
        if name and name not in known
    ]
    if unknown:
        there = ", ".join(sorted(known)) or "none: the rows hold nothing beside their texts"
        raise ConfigError(f"{' and '.join(unknown)}, but no task record has such a field. Fields that exist: {there}.")


def make_groups(records: Sequence[Row], asked: Sequence[str], stratify_by: str, group_by: Sequence[str]) -> list[Group]:
    """Return the groups, sorted by name: records joined by anything they share, however long the chain.

    Args:
        records: All records, each with its duplicate `group`.
        asked: What each record asks, normalised.
        stratify_by: Name of a field, or empty.
        group_by: Names of fields.
    """
    parents = list(range(len(records)))
    first: dict[tuple[bool, str, str], int] = {}
    for index, record in enumerate(records):
        general = record["origin"] == "general"
        for kind, value in _ties(record, asked[index], group_by):
            # General rows are other data: that their customer 7 is the task's customer 7 is chance.
            _join(parents, first.setdefault((general, kind, value), index), index)
    members: dict[int, list[int]] = {}
    for index in range(len(records)):
        members.setdefault(_root(parents, index), []).append(index)
    groups = [
        Group(
            name=min(records[index]["id"] for index in indices),
            stratum=_most_common(stratum_of(records[index], stratify_by) for index in indices),
            members=tuple(indices),
            keys=tuple(sorted({key_of(records[index], asked[index], group_by) for index in indices})),
        )
        for indices in members.values()
    ]
    return sorted(groups, key=lambda group: group.name)


def stratum_of(record: Row, stratify_by: str) -> str:
    """Return the stratum of a record; all general records are one."""
    if record["origin"] == "general":
        return GENERAL_STRATUM
    value = _value(record, stratify_by) if stratify_by else None
    return NO_VALUE if value is None else value


def key_of(record: Row, asked: str, group_by: Sequence[str]) -> str:
    """Return what a record is, as text: the first named field that has a value, else a digest of what it asks.

    It depends on nothing but the record's own content, so it stays when files are renamed or rows move.
    """
    if (first := next(values_of(record, group_by), None)) is not None:
        return f"{first[0]}={first[1]}"
    return f"asks={hashlib.sha256(asked.encode('utf-8', 'surrogatepass')).hexdigest()}"


def values_of(record: Row, group_by: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each named field that a record has a value of, with that value as text."""
    for name in group_by:
        if (value := _value(record, name)) is not None:
            yield name, value


def _ties(record: Row, asked: str, group_by: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "duplicates", record["group"]
    values = list(values_of(record, group_by))
    for name, value in values:
        yield f"field {name}", value
    # Rows of a customer are not tied to another's by what they ask: one common question would chain all customers.
    if asked and not values:
        yield "asked", asked


def _most_common(strata: Iterable[str]) -> str:
    first, *others = strata
    # Most groups are one record.
    if not others:
        return first
    counts = Counter([first, *others])
    return min(counts, key=lambda stratum: (-counts[stratum], stratum))


def _value(record: Row, name: str) -> str | None:
    """Return a field's value as text; an empty cell of a table is no value that rows could share."""
    value = record["fields"].get(name)
    return None if value is None or value == "" else str(value)


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], left: int, right: int) -> None:
    left, right = _root(parents, left), _root(parents, right)
    parents[max(left, right)] = min(left, right)

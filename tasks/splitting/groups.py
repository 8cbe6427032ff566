"""Which records must stay together: duplicates, and rows that share a value of a named field."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.errors import ConfigError
from tasks.store.records import Row

NO_VALUE = "(none)"
GENERAL_STRATUM = "(general)"


@dataclass(frozen=True)
class Group:
    """Records that lie in one split.

    Attributes:
        name: The smallest id in it: the same in whatever order the records come.
        stratum: The one most of its records belong to.
        members: Positions of its records.
        testable: Whether it may be in the test split: only task records may.
    """

    name: str
    stratum: str
    members: tuple[int, ...]
    testable: bool


def check_fields(records: list[Row], **fields: str) -> None:
    """Refuse field names that no task record has.

    Args:
        records: All records.
        fields: Field name by the parameter that named it; an empty name is none.

    Raises:
        ConfigError: With the fields that exist.
    """
    known = {name for record in records if record["origin"] != "general" for name in record["fields"]}
    unknown = [f"splitting.{param} is '{name}'" for param, name in fields.items() if name and name not in known]
    if unknown:
        there = ", ".join(sorted(known)) or "none: the rows hold nothing beside their texts"
        raise ConfigError(f"{' and '.join(unknown)}, but no task record has such a field. Fields that exist: {there}.")


def make_groups(records: list[Row], stratify_by: str, group_by: str) -> list[Group]:
    """Return the groups, sorted by name.

    Args:
        records: All records, each with its duplicate `group`.
        stratify_by: Name of a field, or empty.
        group_by: Name of a field, or empty.
    """
    parents = list(range(len(records)))
    first: dict[tuple[str, str], int] = {}
    for index, record in enumerate(records):
        for tie in _ties(record, group_by):
            _join(parents, first.setdefault(tie, index), index)
    members: dict[int, list[int]] = {}
    for index in range(len(records)):
        members.setdefault(_root(parents, index), []).append(index)
    groups = [_group(records, tuple(indices), stratify_by) for indices in members.values()]
    return sorted(groups, key=lambda group: group.name)


def stratum_of(record: Row, stratify_by: str) -> str:
    """Return the stratum of a record; all general records are one."""
    if record["origin"] == "general":
        return GENERAL_STRATUM
    value = record["fields"].get(stratify_by) if stratify_by else None
    return NO_VALUE if value is None else str(value)


def _ties(record: Row, group_by: str) -> Iterator[tuple[str, str]]:
    yield "duplicates", record["group"]
    value = record["fields"].get(group_by) if group_by else None
    if value is not None:
        yield "field", str(value)


def _group(records: list[Row], members: tuple[int, ...], stratify_by: str) -> Group:
    counts: dict[str, int] = {}
    for index in members:
        stratum = stratum_of(records[index], stratify_by)
        counts[stratum] = counts.get(stratum, 0) + 1
    return Group(
        name=min(records[index]["id"] for index in members),
        stratum=min(counts, key=lambda stratum: (-counts[stratum], stratum)),
        members=members,
        testable=all(records[index]["origin"] == "task" for index in members),
    )


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], left: int, right: int) -> None:
    left, right = _root(parents, left), _root(parents, right)
    parents[max(left, right)] = min(left, right)

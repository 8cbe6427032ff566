"""What must stay together."""

from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.splitting.groups import GENERAL_STRATUM, NO_VALUE, check_fields, make_groups


def record(name: str, group: str = "", origin: str = "task", **fields: Any) -> dict[str, Any]:
    return {"id": name, "group": group or name, "origin": origin, "fields": fields}


def together(records: list[dict[str, Any]], group_by: str) -> list[list[str]]:
    return [[records[i]["id"] for i in group.members] for group in make_groups(records, "", group_by)]


def test_duplicates_and_values_of_a_field_stay_together_and_chain() -> None:
    records = [
        record("a", sender="x"),
        record("b", group="a", sender="y"),
        record("c", sender="y"),
        record("d"),
        record("e", sender=None),
    ]
    assert together(records, "") == [["a", "b"], ["c"], ["d"], ["e"]]
    assert together(records, "sender") == [["a", "b", "c"], ["d"], ["e"]]


def test_a_groups_name_does_not_depend_on_the_order() -> None:
    records = [record("b", group="z"), record("a", group="z"), record("c")]
    names = [[group.name for group in make_groups(rows, "", "")] for rows in (records, records[::-1])]
    assert names == [["a", "c"], ["a", "c"]]


def test_strata_are_values_of_a_field_and_general_records_are_one() -> None:
    records = [
        record("a", group="a", kind="x"),
        record("b", group="a", kind="y"),
        record("c", group="a", kind="y"),
        record("d", kind=3),
        record("e"),
        record("f", origin="general", kind="x"),
    ]
    found = {group.name: (group.stratum, group.testable) for group in make_groups(records, "kind", "")}
    assert found == {
        "a": ("y", True),
        "d": ("3", True),
        "e": (NO_VALUE, True),
        "f": (GENERAL_STRATUM, False),
    }
    assert {group.stratum for group in make_groups(records, "", "")} == {NO_VALUE, GENERAL_STRATUM}


def test_unknown_fields_are_refused_together_with_those_that_exist() -> None:
    records = [record("a", family="x"), record("b", sender="y"), record("g", origin="general", topic="z")]
    check_fields(records, stratify_by="family", group_by="")
    with pytest.raises(
        ConfigError,
        match=r"splitting\.stratify_by is 'topic' and splitting\.group_by is 'who'.*exist: family, sender\.",
    ):
        check_fields(records, stratify_by="topic", group_by="who")
    with pytest.raises(ConfigError, match="none: the rows hold nothing"):
        check_fields([record("a")], stratify_by="x")

"""What must stay together."""

import random
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError
from tasks.splitting.groups import GENERAL_STRATUM, NO_VALUE, check_fields, key_of, make_groups


def record(name: str, group: str = "", origin: str = "task", **fields: Any) -> dict[str, Any]:
    return {"id": name, "group": group or name, "origin": origin, "fields": fields}


def groups(records: list[dict[str, Any]], *group_by: str, stratify_by: str = "", asks: list[str] | None = None):
    return make_groups(records, asks or [f"asks {row['id']}" for row in records], stratify_by, group_by)


def together(records: list[dict[str, Any]], *group_by: str, asks: list[str] | None = None) -> list[list[str]]:
    return [[records[i]["id"] for i in group.members] for group in groups(records, *group_by, asks=asks)]


def test_duplicates_and_values_of_a_field_stay_together_and_chain() -> None:
    records = [
        record("a", sender="x"),
        record("b", group="a", sender="y"),
        record("c", sender="y"),
        record("d"),
        record("e", sender=None),
        record("f", sender=""),
        record("g", sender=""),
    ]
    assert together(records) == [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]
    assert together(records, "sender") == [["a", "b", "c"], ["d"], ["e"], ["f"], ["g"]]


def test_any_of_several_fields_joins_through_chains() -> None:
    records = [
        record("a", customer=7, conversation="m"),
        record("b", customer="7", conversation="n"),
        record("c", conversation="n"),
        record("d", customer=8, conversation="o"),
        # The same text in another field is another thing.
        record("e", customer="o", conversation="7"),
    ]
    assert together(records, "customer", "conversation") == [["a", "b", "c"], ["d"], ["e"]]
    assert together(records, "conversation") == [["a"], ["b", "c"], ["d"], ["e"]]


def test_rows_that_ask_the_same_stay_together_where_no_field_says_more() -> None:
    records = [record("a"), record("b"), record("c", sender="x"), record("d", sender="y")]
    asks = ["hello", "hello", "hello", "hello"]
    assert together(records, asks=asks) == [["a", "b", "c", "d"]]
    assert together(records, "sender", asks=asks) == [["a", "b"], ["c"], ["d"]]
    assert together(records[:2], asks=["", ""]) == [["a"], ["b"]]


def test_general_rows_are_grouped_apart() -> None:
    records = [record("a", customer=7), record("b", origin="general", customer=7), record("c", "x", origin="general")]
    assert together(records, "customer", asks=["q", "q", "q"]) == [["a"], ["b"], ["c"]]
    assert together([*records, record("d", "x", origin="general")], "customer") == [["a"], ["b"], ["c", "d"]]


def test_keys_hang_on_content_and_not_on_files() -> None:
    row = record("a", customer="x", conversation="m")
    assert key_of(row, "hello", ("customer", "conversation")) == "customer=x"
    assert key_of(row, "hello", ("conversation", "customer")) == "conversation=m"
    other = record("b.jsonl:9", group="z", customer=None)
    assert key_of(row, "hello", ()) == key_of(other, "hello", ("customer",)) != key_of(other, "hello!", ())
    (group,) = groups([row, record("b", conversation="m")], "customer", "conversation")
    assert group.keys == ("conversation=m", "customer=x")


def test_strata_are_values_of_a_field_and_general_records_are_one() -> None:
    records = [
        record("a", group="a", kind="x"),
        record("b", group="a", kind="y"),
        record("c", group="a", kind="y"),
        record("d", kind=3),
        record("e"),
        record("f", origin="general", kind="x"),
        record("g", kind=""),
    ]
    found = {group.name: group.stratum for group in groups(records, stratify_by="kind")}
    assert found == {"a": "y", "d": "3", "e": NO_VALUE, "f": GENERAL_STRATUM, "g": NO_VALUE}
    assert {group.stratum for group in groups(records)} == {NO_VALUE, GENERAL_STRATUM}


def test_unknown_fields_are_refused_together_with_those_that_exist() -> None:
    records = [record("a", family="x"), record("b", sender="y"), record("g", origin="general", topic="z")]
    check_fields(records, stratify_by=["family"], group_by=("family", "sender"), time_field=[""])
    with pytest.raises(
        ConfigError,
        match=r"splitting\.stratify_by names 'topic' and splitting\.group_by names 'who'.*exist: family, sender\.",
    ):
        check_fields(records, stratify_by=["topic"], group_by=("sender", "who"))
    with pytest.raises(ConfigError, match="none: the rows hold nothing"):
        check_fields([record("a")], stratify_by=["x"])


drawn = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9), st.booleans()),
    max_size=40,
)


@settings(deadline=None)
@given(drawn, st.randoms(use_true_random=False))
def test_groups_are_the_connected_parts_whatever_the_order(
    rows: list[tuple[int, int | None, int | None, bool]], shuffle: random.Random
) -> None:
    records = [
        record(f"{n:02d}", group=f"g{group}", origin="general" if general else "task", a=a, b=b)
        for n, (group, a, b, general) in enumerate(rows)
    ]
    graph = networkx.Graph()
    for row in records:
        graph.add_edge(row["id"], (row["origin"], "group", row["group"]))
        for name in ("a", "b"):
            if row["fields"][name] is not None:
                graph.add_edge(row["id"], (row["origin"], name, row["fields"][name]))
    expected = [sorted(node for node in part if isinstance(node, str)) for part in networkx.connected_components(graph)]
    assert together(records, "a", "b") == sorted(expected)
    other = records[:]
    shuffle.shuffle(other)
    assert [sorted(part) for part in together(other, "a", "b")] == sorted(expected)

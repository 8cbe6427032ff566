"""Splitting on files."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError, DataError
from tasks.splitting.card import card
from tasks.splitting.params import SplittingParams
from tasks.splitting.split import write_splits
from tasks.splitting.summary import DIVIDED, SPLITS
from tasks.store.records import read_json, read_rows, write_rows
from tests.unit.splitting.samples import ids, record, rows_of, words

Splits = dict[str, list[Any]]


def split(
    tmp_path: Path, mixed: list[Any], heldout: list[Any] | None = None, **params: Any
) -> tuple[Splits, dict[str, Any]]:
    folders = [tmp_path / name for name in ("mixed", "heldout", "out")]
    for folder, rows in zip(folders, (mixed, heldout, None), strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        if rows is not None:
            write_rows(folder / "records.jsonl", rows)
    outcome = write_splits(folders[0], None if heldout is None else folders[1], SplittingParams(**params), folders[2])
    rows = {name: list(read_rows(folders[2] / f"{name}.jsonl")) for name in SPLITS}
    summary = read_json(folders[2] / "summary.json")
    sizes = {name: len(rows[name]) for name in SPLITS}
    assert outcome.counts == {**sizes, "leaks_removed": summary["leaks_removed"]}
    assert summary["rows"] == sizes
    assert sum(sizes[name] for name in DIVIDED) + summary["leaks_removed"] == summary["mixed"] == len(mixed)
    assert sum(line["rows"] for line in summary["strata"]) == len(mixed)
    return rows, summary


def crossing(rows: Splits, key: Callable[[Any], Any]) -> set[Any]:
    """Return the keys that occur in more than one split."""
    where: dict[Any, set[str]] = {}
    for name in DIVIDED:
        for row in rows[name]:
            where.setdefault(key(row), set()).add(name)
    return {value for value, names in where.items() if value is not None and len(names) > 1}


def test_default_shares_with_general_rows_in_train_and_validation_only(tmp_path: Path) -> None:
    mixed = rows_of(180, 20)
    rows, summary = split(tmp_path, mixed)
    assert {name: len(rows[name]) for name in SPLITS} == {"train": 181, "validation": 10, "test": 9, "heldout": 0}
    assert summary["origins"]["test"] == {"task": 9, "general": 0}
    assert summary["origins"]["validation"] == {"task": 9, "general": 1}
    assert summary["shares"]["test"] == {"asked": 0.05, "met": 0.05, "deviation": 0.0}
    assert summary["shares"]["validation"] == {"asked": 0.05, "met": 0.05, "deviation": 0.0}
    assert [row["id"] for row in mixed if row["id"] in ids(rows["train"])] == [row["id"] for row in rows["train"]]


@pytest.mark.parametrize("method", ["random", "hash", "time"])
def test_method_shares_and_seed_decide_and_the_order_does_not(tmp_path: Path, method: str) -> None:
    mixed = [record(n, sent=f"2024-01-01T{n // 60:02d}:{n % 60:02d}") for n in range(1, 301)]
    params: dict[str, Any] = {"method": method, "time_field": "sent" if method == "time" else ""}
    first = split(tmp_path / "1", mixed, **params)[0]
    again = split(tmp_path / "2", random.Random(5).sample(mixed, 300), **params)[0]
    other = split(tmp_path / "3", mixed, seed=1, **params)[0]
    two_way = split(tmp_path / "4", mixed, validation=0.1, test=0, **params)[0]
    assert [ids(first[name]) for name in SPLITS] == [ids(again[name]) for name in SPLITS]
    # Time is not a matter of chance: there the seed divides general rows only.
    assert (ids(first["test"]) != ids(other["test"])) == (method != "time")
    assert len(two_way["validation"]) == pytest.approx(30, abs=20 if method == "hash" else 0)
    assert two_way["test"] == []


def test_the_methods_divide_differently(tmp_path: Path) -> None:
    mixed = [record(n, sent=1_700_000_000 + n) for n in range(1, 201)]
    time, summary = split(tmp_path / "t", mixed, method="time", time_field="sent")
    assert [row["row"] for row in time["test"]] == list(range(191, 201))
    assert [row["row"] for row in time["validation"]] == list(range(181, 191))
    assert summary["time"] == {
        "validation_from": "2023-11-14T22:16:21+00:00",
        "test_from": "2023-11-14T22:16:31+00:00",
        "carried": 0,
        "undated": 0,
    }
    frozen, by_hash = split(tmp_path / "h", mixed, method="hash")
    assert ids(frozen["test"]) not in (ids(time["test"]), ids(split(tmp_path / "r", mixed)[0]["test"]))
    assert (by_hash["time"], by_hash["method"]) == (None, "hash")


def test_a_frozen_test_row_never_trains_when_files_and_rows_are_added(tmp_path: Path) -> None:
    old = rows_of(400)
    first = split(tmp_path / "1", old, method="hash")[0]
    renamed = [
        {**row, "id": f"2024/{row['row']}", "group": f"2024/{row['row']}", "file": "2024"}
        for row in [*(record(n) for n in range(401, 900)), *old]
    ]
    second = split(tmp_path / "2", renamed, method="hash")[0]

    def asks(rows: list[Any]) -> set[str]:
        return {row["messages"][0]["content"] for row in rows}

    assert len(first["test"]) > 5
    assert asks(first["test"]) <= asks(second["test"])
    assert asks(first["train"]) <= asks(second["train"])
    at_random = [split(tmp_path / f"r{n}", rows)[0] for n, rows in enumerate((old, renamed))]
    assert not asks(at_random[0]["test"]) <= asks(at_random[1]["test"])


def test_strata_keep_their_shares_and_rare_ones_are_reported(tmp_path: Path) -> None:
    mixed = [record(n, kind="a" if n <= 80 else "b" if n <= 98 else None) for n in range(1, 101)]
    params: dict[str, Any] = {"stratify_by": "kind", "validation": 0.1, "test": 0.1}
    _rows, summary = split(tmp_path, mixed, **params)
    strata = {line["stratum"]: line for line in summary["strata"]}
    even = {"validation": 0.0, "test": 0.0}
    assert strata["a"] == {
        "stratum": "a", "rows": 80, "groups": 80, "train": 64, "validation": 8, "test": 8, "rare": False,
        "deviation": even,
    }  # fmt: skip
    assert (strata["b"]["test"], strata["b"]["validation"]) == (2, 2)
    none = strata["(none)"]
    assert (none["rows"], none["train"], none["rare"]) == (2, 2, True)
    assert summary["rare_strata"] == ["(none)"]
    assert summary["largest_deviation"]["stratum"] == "b"
    assert summary["largest_deviation"]["deviation"] == pytest.approx(2 / 18 - 0.1)
    with pytest.raises(DataError, match=r"strata of 'kind' with fewer groups than splits: \(none\) \(2\)"):
        split(tmp_path, mixed, on_rare="fail", **params)


@pytest.mark.parametrize("method", ["random", "hash", "time"])
def test_strata_and_groups_hold_together(tmp_path: Path, method: str) -> None:
    draw = random.Random(4)
    mixed = [
        record(
            n,
            group=f"g{n // 2}",
            kind=draw.choice("ab"),
            customer=draw.choice([None, draw.randrange(400)]),
            document=draw.choice([None, draw.randrange(800)]),
            sent=1_700_000_000 + n,
        )
        for n in range(1, 601)
    ]
    params: dict[str, Any] = {"method": method, "time_field": "sent" if method == "time" else ""}
    by = ("customer",) if method == "hash" else ("customer", "document")
    rows, summary = split(tmp_path, mixed, group_by=by, stratify_by="kind", validation=0.2, test=0.2, **params)
    assert not crossing(rows, lambda row: row["group"])
    for name in by:
        assert not crossing(rows, lambda row, name=name: row["fields"][name])
    assert summary["group_by"] == list(by)
    assert summary["largest_group"]["rows"] > 5
    assert summary["groups"] < 300


def test_held_out_rows_pass_as_they_are_and_training_rows_like_them_leave(tmp_path: Path) -> None:
    heldout = [record(1, "heldout", ask=words("x") + " friday"), record(2, "heldout", extra=1)]
    mixed = [*rows_of(60), record(61, ask=words("x") + " sunday"), record(62, ask=words("x").upper() + " Friday")]
    rows, summary = split(tmp_path, mixed, heldout, near_threshold=0.8)
    assert rows["heldout"] == heldout
    gone = {pair["train"]: pair for pair in summary["leaks"]}
    assert set(gone) == {"task.jsonl:61", "task.jsonl:62"} - ids(rows["validation"]) - ids(rows["test"])
    assert summary["leaks_removed"] == len(gone) >= 1
    assert all(pair["other"] == "heldout.jsonl:1" and pair["split"] == "heldout" for pair in gone.values())
    with pytest.raises(DataError, match="nearly repeat"):
        split(tmp_path, mixed, heldout, on_leak="fail")


def test_training_rows_of_a_held_out_group_leave(tmp_path: Path) -> None:
    mixed = [record(n, customer=n // 4) for n in range(1, 81)]
    heldout = [record(1, "heldout", customer=3), record(2, "heldout", customer=99)]
    rows, summary = split(tmp_path, mixed, heldout, group_by="customer")
    held_back = [row for name in ("validation", "test") for row in rows[name] if row["fields"]["customer"] == 3]
    assert summary["leaks_removed"] == 4 - len(held_back) == 4
    assert {pair["method"] for pair in summary["leaks"]} == {"group"}
    assert not [row for row in rows["train"] if row["fields"]["customer"] == 3]


def test_unknown_fields_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stratify_by names 'famly' and splitting\.group_by names 'who'"):
        split(tmp_path, rows_of(40, family="x"), stratify_by="famly", group_by="family, who")
    with pytest.raises(ConfigError, match=r"splitting\.time_field names 'sent'.*exist: family"):
        split(tmp_path, rows_of(40, family="x"), method="time", time_field="sent")
    with pytest.raises(DataError, match=r"40 of 40 rows have no readable time in 'family': task\.jsonl:1 has 'x'"):
        split(tmp_path, rows_of(40, family="x"), method="time", time_field="family")


def test_empty_splits_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"validation split is empty \(2 train .*largest group has 1 rows.*splitting\.validation"
    ):
        split(tmp_path, rows_of(2))
    with pytest.raises(DataError, match=r"validation split is empty"):
        split(tmp_path, [record(n, kind=n) for n in range(1, 41)], stratify_by="kind")
    split(tmp_path, [record(n, kind=n) for n in range(1, 41)], stratify_by="kind", on_rare="merge")
    with pytest.raises(DataError, match=r"validation split is empty .*small data may miss a share by chance"):
        split(tmp_path, rows_of(2), method="hash", validation=0.01)
    dated = [record(n, sent=f"2024-01-{n:02d}") for n in range(1, 31)]
    with pytest.raises(DataError, match=r"test split is empty .*move the cuts"):
        split(tmp_path, dated, method="time", time_field="sent", test_from="2024-03-01")
    with pytest.raises(DataError, match=r"test split is empty and there is no held-out data"):
        split(tmp_path, rows_of(20), test=0.01, validation=0.1)
    split(tmp_path, rows_of(20), [record(1, "heldout")], test=0.01, validation=0.1)
    same = [record(n, "heldout", ask=words(f"task.jsonl:{n}")) for n in range(1, 41)]
    with pytest.raises(DataError, match=r"no training row is left \(0 train.*36 removed as leaks"):
        split(tmp_path, rows_of(40), same)


def test_records_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"task\.jsonl:50 is a task record"):
        split(tmp_path, rows_of(40), [record(50)])
    with pytest.raises(DataError, match=r"task\.jsonl:1 comes twice"):
        split(tmp_path, [*rows_of(40), record(1)])


def test_same_input_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        split(tmp_path / name, rows_of(40, 4), [record(1, "heldout")])
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name / "out").iterdir()})
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == sorted([*(f"{name}.jsonl" for name in SPLITS), "summary.json"])


def shown(tmp_path: Path) -> str:
    return card(tmp_path / "out", None)  # type: ignore[arg-type]


def test_the_card_shows_splits_strata_and_leaks(tmp_path: Path) -> None:
    mixed = [
        record(n, kind="a" if n < 38 else "b", ask=words("x") if n % 2 else "", customer=n // 3) for n in range(1, 42)
    ]
    heldout = [record(1, "heldout", ask=words("x"))]
    params: dict[str, Any] = {"stratify_by": "kind", "group_by": "customer", "validation": 0.1, "test": 0.1}
    _rows, summary = split(tmp_path, mixed, heldout, **params)
    text = shown(tmp_path)
    assert f"| train | {summary['rows']['train']} | " in text
    assert "| heldout | 1 | 1 | 0 |  |  |" in text
    assert f"| 10.0% | {summary['shares']['test']['met']:.2%} |" in text
    assert "41 mixed rows in 14 groups (kept together by `customer`); the largest has 3 rows and lies in " in text
    assert "Strata by `kind`" in text
    assert "Rare (fewer groups than splits): b." in text
    assert "Farthest from its share: " in text
    assert f"{summary['leaks_removed']} training rows were removed" in text
    assert "| exact |" in text


def test_the_card_says_how_it_was_divided(tmp_path: Path) -> None:
    mixed = [record(n, sent=f"2024-01-{1 + n // 10:02d}") for n in range(300)]
    split(tmp_path, mixed, method="time", time_field="sent")
    text = shown(tmp_path)
    assert "Divided in time" in text
    assert "Validation from 2024-01-29T00:00:00+00:00, the test from 2024-01-30T00:00:00+00:00; 0 older rows" in text
    assert "Removed from training\n\nNone." in text
    split(tmp_path, mixed, method="hash", test=0, validation=0.1)
    assert "Divided by hash" in shown(tmp_path)


def test_the_card_stays_short(tmp_path: Path) -> None:
    mixed = [record(n, kind=n % 30, ask=words("x") if n < 60 else "") for n in range(1, 301)]
    mixed = [{**row, "fields": {**row["fields"], "customer": row["row"]}} for row in mixed]
    split(tmp_path, mixed, [record(1, "heldout", ask=words("x"))], stratify_by="kind", group_by="customer")
    text = shown(tmp_path)
    assert "\n10 more strata are in summary.json.\n" in text
    assert " more are in summary.json.\n" in text


rows = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from(["x", "y", None]), st.integers(0, 99), st.sampled_from("ttttg")),
    min_size=40,
    max_size=90,
)


@settings(max_examples=40, deadline=None)
@given(rows, st.integers(0, 3), st.sampled_from(["random", "hash", "time"]), st.sampled_from(["train", "merge"]))
def test_counts_add_up_and_nothing_crosses(
    drawn: list[tuple[int, str | None, int, str]], seed: int, method: str, on_rare: str
) -> None:
    mixed = [
        record(
            n, "general" if kind == "g" else "task", ask=words(ask), group=f"{kind}{group}", family=family,
            customer=n % 60 or None, sent=1_700_000_000 + ask,
        )
        for n, (ask, family, group, kind) in enumerate(drawn, start=1)
    ]  # fmt: skip
    params: dict[str, Any] = {"method": method, "time_field": "sent" if method == "time" else "", "on_rare": on_rare}
    by = "customer" if seed == 3 else ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done, summary = split(
                Path(folder), mixed, stratify_by="family", group_by=by, seed=seed, validation=0.2, test=0.2, **params
            )
        except (DataError, ConfigError):
            return
    assert not crossing(done, lambda row: row["group"])
    if by:
        assert not crossing(done, lambda row: (row["origin"], c) if (c := row["fields"]["customer"]) else None)
    trained = {row["messages"][0]["content"] for row in done["train"]}
    assert not trained & {row["messages"][0]["content"] for name in ("validation", "test") for row in done[name]}
    assert all(row["origin"] == "task" for row in done["test"])
    together = [row["id"] for name in DIVIDED for row in done[name]] + [pair["train"] for pair in summary["leaks"]]
    assert sorted(together) == sorted(row["id"] for row in mixed)

"""Splitting on files."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.errors import ConfigError, DataError
from tasks.splitting.card import card
from tasks.splitting.params import SplittingParams
from tasks.splitting.split import DIVIDED, SPLITS, write_splits
from tasks.store.records import read_json, read_rows, write_rows


def words(seed: object) -> str:
    """Return a text that shares no word run with that of another seed."""
    draw = random.Random(str(seed))
    return " ".join("".join(draw.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(12))


def record(number: int, origin: str = "task", ask: str = "", group: str = "", **fields: Any) -> dict[str, Any]:
    name = f"{origin}.jsonl:{number}"
    messages = [{"role": "user", "content": ask or words(name)}, {"role": "assistant", "content": "{}"}]
    row = {"id": name, "origin": origin, "file": f"{origin}.jsonl", "row": number, "messages": messages, "text": ""}
    return {**row, "fields": fields} | ({} if origin == "heldout" else {"group": group or name})


def rows_of(task: int, general: int = 0, **fields: Any) -> list[dict[str, Any]]:
    numbers = range(1, task + 1)
    return [*(record(n, **fields) for n in numbers), *(record(n, "general") for n in range(1, general + 1))]


def split(
    tmp_path: Path, mixed: list[Any], heldout: list[Any] | None = None, **params: Any
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
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
    return rows, summary


def ids(rows: list[Any]) -> set[str]:
    return {row["id"] for row in rows}


def test_default_shares_with_general_rows_in_train_and_validation_only(tmp_path: Path) -> None:
    mixed = rows_of(180, 20)
    rows, summary = split(tmp_path, mixed)
    assert {name: len(rows[name]) for name in SPLITS} == {"train": 181, "validation": 10, "test": 9, "heldout": 0}
    assert summary["origins"]["test"] == {"task": 9, "general": 0}
    assert summary["origins"]["validation"] == {"task": 9, "general": 1}
    assert [row["id"] for row in mixed if row["id"] in ids(rows["train"])] == [row["id"] for row in rows["train"]]


def test_shares_and_seed_decide(tmp_path: Path) -> None:
    mixed = rows_of(100)
    first = split(tmp_path / "1", mixed)[0]
    again = split(tmp_path / "2", mixed[::-1])[0]
    other = split(tmp_path / "3", mixed, seed=1)[0]
    two_way = split(tmp_path / "4", mixed, validation=0.1, test=0)[0]
    assert [ids(first[name]) for name in SPLITS] == [ids(again[name]) for name in SPLITS]
    assert ids(first["test"]) != ids(other["test"])
    assert (len(two_way["validation"]), len(two_way["test"])) == (10, 0)


def test_strata_keep_their_shares_and_rare_ones_are_reported(tmp_path: Path) -> None:
    mixed = [record(n, kind="a" if n <= 80 else "b" if n <= 98 else None) for n in range(1, 101)]
    _rows, summary = split(tmp_path, mixed, stratify_by="kind", validation=0.1, test=0.1)
    strata = {entry["stratum"]: entry for entry in summary["strata"]}
    assert strata["a"] == {"stratum": "a", "rows": 80, "train": 64, "validation": 8, "test": 8, "rare": False}
    assert (strata["b"]["test"], strata["b"]["validation"]) == (2, 2)
    assert strata["(none)"] == {"stratum": "(none)", "rows": 2, "train": 2, "validation": 0, "test": 0, "rare": True}
    assert summary["rare_strata"] == ["(none)"]


def test_groups_never_cross(tmp_path: Path) -> None:
    mixed = [record(n, group=f"g{n // 3}", sender=f"s{n // 5}") for n in range(1, 91)]
    rows, summary = split(tmp_path, mixed, group_by="sender", validation=0.2, test=0.2)
    for key in (lambda row: row["group"], lambda row: row["fields"]["sender"]):
        where: dict[str, set[str]] = {}
        for name in DIVIDED:
            for row in rows[name]:
                where.setdefault(key(row), set()).add(name)
        assert all(len(names) == 1 for names in where.values())
    assert summary["largest_group"] >= 5


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


def test_unknown_fields_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"splitting\.stratify_by is 'famly'.*exist: family"):
        split(tmp_path, rows_of(40, family="x"), stratify_by="famly")
    with pytest.raises(ConfigError, match=r"splitting\.group_by is 'who'"):
        split(tmp_path, rows_of(40, family="x"), group_by="who")


def test_empty_splits_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"validation split is empty \(2 train.*splitting\.validation"):
        split(tmp_path, rows_of(2))
    with pytest.raises(DataError, match=r"validation split is empty"):
        split(tmp_path, [record(n, kind=n) for n in range(1, 41)], stratify_by="kind")
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


def test_the_card_shows_splits_strata_and_pairs(tmp_path: Path) -> None:
    mixed = [record(n, kind="a" if n < 38 else "b", ask=words("x") if n % 2 else "") for n in range(1, 41)]
    _rows, summary = split(tmp_path, mixed, [record(1, "heldout", ask=words("x"))], stratify_by="kind")
    text = card(tmp_path / "out", None)  # type: ignore[arg-type]
    assert f"| train | {summary['rows']['train']} | " in text
    assert "| heldout | 1 | 1 |  | 0 |" in text
    assert "Strata by `kind`" in text
    assert f"{summary['leaks_removed']} training rows were removed" in text
    assert "| exact |" in text
    assert "stay\n\nNone." in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"validation": 0},
        {"test": -0.1},
        {"validation": 0.3, "test": 0.3},
        {"near_threshold": 0.4},
        {"on_leak": "ignore"},
        {"seed": -1},
        {"ratio": 1},
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SplittingParams(**wrong)


rows = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["x", "y", None]), st.integers(0, 12), st.sampled_from("ttttg")),
    min_size=40,
    max_size=90,
)


@settings(max_examples=25, deadline=None)
@given(rows, st.integers(0, 3))
def test_counts_add_up_and_nothing_crosses(drawn: list[tuple[int, str | None, int, str]], seed: int) -> None:
    mixed = [
        record(n, "general" if kind == "g" else "task", ask=words(ask), group=f"{kind}{group}", family=family)
        for n, (ask, family, group, kind) in enumerate(drawn, start=1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done, summary = split(
                Path(folder), mixed, stratify_by="family", group_by="family" if seed == 3 else "", seed=seed
            )
        except (DataError, ConfigError):
            return
    where: dict[str, set[str]] = {}
    asked: dict[str, set[str]] = {}
    for name in DIVIDED:
        for row in done[name]:
            where.setdefault(row["group"], set()).add(name)
            asked.setdefault(row["messages"][0]["content"], set()).add("train" if name == "train" else "behind")
    assert all(len(names) == 1 for names in [*where.values(), *asked.values()])
    assert all(row["origin"] == "task" for row in done["test"])
    together = [row["id"] for name in DIVIDED for row in done[name]] + [pair["train"] for pair in summary["leaks"]]
    assert sorted(together) == sorted(row["id"] for row in mixed)

"""Mixing on files."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.errors import ConfigError, DataError
from tasks.mixing.card import card
from tasks.mixing.choose import asked
from tasks.mixing.mix import write_mix
from tasks.mixing.params import MixingParams
from tasks.store.records import read_json, read_rows, write_json, write_rows
from tasks.store.refs import Outcome
from tests.unit.mixing.samples import general_rows, record, task_rows


def write(
    tmp_path: Path, task: list[Any], general: list[Any] | None, base: Path | None = None, **params: Any
) -> Outcome:
    folders = [tmp_path / name for name in ("unique", "general", "out")]
    for folder, rows in zip(folders, (task, general or [], None), strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        if rows is not None:
            write_rows(folder / "records.jsonl", rows)
    offered = folders[1] if general is not None else None
    digests = {"general.jsonl": "abc"}
    return write_mix(folders[0], offered, MixingParams(**params), folders[2], base=base, digests=digests)


def mix(tmp_path: Path, task: list[Any], general: list[Any] | None, **params: Any) -> tuple[list[Any], dict[str, Any]]:
    outcome = write(tmp_path, task, general, **params)
    rows, summary = list(read_rows(tmp_path / "out" / "records.jsonl")), read_json(tmp_path / "out" / "summary.json")
    assert (outcome.counts["task"], outcome.counts["general"]) == (summary["task"], summary["general"])
    lost = {name: outcome.counts[name] for name in ("equal_to_task", "near_task", "repeated", "not_needed")}
    assert lost == summary["general_left_out"]
    assert outcome.counts["general_read"] == summary["general"] + sum(lost.values()) == len(general or [])
    return rows, summary


@pytest.fixture
def base(tiny_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    write_json(folder / "notes" / "where.json", {"folder": str(tiny_model)})
    return folder


@pytest.mark.parametrize(("share", "expected"), [(0.05, 5), (0.10, 10), (0.20, 22)])
def test_the_share_is_met_to_the_nearest_row(tmp_path: Path, share: float, expected: int) -> None:
    task = task_rows(90)
    rows, summary = mix(tmp_path, task, general_rows(60), share=share)
    assert rows[:90] == task
    general = rows[90:]
    assert len(general) == expected == summary["general"]
    assert summary["share"] == pytest.approx(share, abs=0.005)
    assert all(row["group"] == row["id"] and row["origin"] == "general" for row in general)
    assert summary["task_sources"] == {"mails.jsonl": 90}
    assert [(line["source"], line["chosen"], line["read"]) for line in summary["sources"]] == [("facts", expected, 60)]


def test_no_share_passes_the_task_through(tmp_path: Path) -> None:
    task = task_rows(5)
    for general in (None, general_rows(3)):
        rows, summary = mix(tmp_path, task, general, share=0, files=())
        assert rows == task
        assert (summary["general"], summary["share"]) == (0, 0)


def test_the_seed_decides_and_the_order_does_not(tmp_path: Path) -> None:
    general = general_rows(40)
    shuffled = random.Random(1).sample(general, len(general))
    chosen = [
        {row["id"] for row in mix(tmp_path, task_rows(45), rows, seed=seed)[0][45:]}
        for rows, seed in ((general, 0), (shuffled, 0), (general, 1))
    ]
    assert chosen[0] == chosen[1] != chosen[2]


def test_rows_that_ask_the_same_are_left_out_and_counted(tmp_path: Path) -> None:
    general = general_rows(6)
    general[0] = record("general.jsonl", 1, "general", ask="  TASK question 3\n", answer="other")
    general[2] = record("general.jsonl", 3, "general", ask="General.jsonl  asks 2")
    rows, summary = mix(tmp_path, task_rows(36), general)
    assert summary["general_left_out"] == {"equal_to_task": 1, "near_task": 0, "repeated": 1, "not_needed": 0}
    assert len({asked(row) for row in rows}) == len(rows) == 40


def test_too_few_general_rows_is_an_error_that_says_how_many(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"needs 10 general rows, but of the 9 rows there only 9 .*mixing\.files.*mixing\.share"
    ):
        mix(tmp_path, task_rows(90), general_rows(9))


def test_inputs_that_cannot_be_mixed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no general records were read"):
        mix(tmp_path, task_rows(9), None)
    with pytest.raises(ConfigError, match=r"no general records were read[\s\S]*no base model whose tokenizer"):
        mix(tmp_path, task_rows(9), None, share_by="tokens")
    with pytest.raises(DataError, match="no task record is left"):
        mix(tmp_path, [], general_rows(9))
    with pytest.raises(DataError, match=r"other\.jsonl:1 is a task record"):
        mix(tmp_path, task_rows(9), [record("other.jsonl", 1)])
    with pytest.raises(ConfigError, match=r"mails\.jsonl is read as task data and as general data"):
        mix(tmp_path, task_rows(9), [record("mails.jsonl", 1, "general")])


def test_characters_are_counted_by_origin(tmp_path: Path) -> None:
    text = {**record("general.jsonl", 1, "general"), "messages": [], "text": "x" * 77}
    _rows, summary = mix(tmp_path, [record("mails.jsonl", number, ask="abc") for number in range(1, 12)], [text])
    assert summary["shares"]["characters"] == {"task": 77, "general": 77, "share": 0.5}
    assert summary["sources"][0]["source"] == "general.jsonl"


def test_a_share_of_tokens_is_met_in_tokens(tmp_path: Path, base: Path) -> None:
    task = task_rows(60, ask="Please book ten containers of toys from Hamburg to Kobe. " * 3)
    general = [*general_rows(300, "short"), *general_rows(300, "long", answer="because it is so, as all know " * 9)]
    rows, summary = mix(tmp_path, task, general, base=base, share=0.15, share_by="tokens")
    part = summary["shares"]["tokens"]
    assert summary["share"] == part["share"] == pytest.approx(0.15, abs=0.002)
    assert part["share"] == part["general"] / (part["task"] + part["general"])
    assert abs(summary["shares"]["rows"]["share"] - 0.15) > 0.02
    assert len(rows) == 60 + summary["general"]


def test_tokens_that_decide_nothing_are_facts_and_change_no_file(tmp_path: Path, base: Path) -> None:
    outcomes = [
        write(tmp_path / name, task_rows(36), general_rows(9), there) for name, there in (("a", base), ("b", None))
    ]
    contents = [{path.name: path.read_bytes() for path in (tmp_path / name / "out").iterdir()} for name in ("a", "b")]
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == ["records.jsonl", "summary.json"]
    counted, uncounted = (outcome.facts for outcome in outcomes)
    assert counted["general_share"]["tokens"]["general"] == counted["general_sources"][0]["tokens"] > 4
    assert "tokens" not in uncounted["general_share"]


def test_the_facts_say_where_the_general_rows_are_from(tmp_path: Path) -> None:
    general = [
        *general_rows(20, license="MIT"),
        *general_rows(20, "chats.jsonl", source="chats", licence="CC-BY-4.0"),
        *general_rows(20, "more.jsonl", source="chats"),
    ]
    facts = write(tmp_path, task_rows(81), general, weights=("facts=2", "chats=1")).facts
    chats, facts_line = facts["general_sources"]
    assert (facts_line["source"], facts_line["weight"], facts_line["wanted"], facts_line["chosen"]) == (
        "facts",
        2,
        6,
        6,
    )
    assert facts_line["files"] == {"general.jsonl": "abc"}
    assert facts_line["licences"] == {"MIT": 6}
    assert chats["files"] == {"chats.jsonl": None, "more.jsonl": None}
    assert sum(chats["licences"].values()) == chats["chosen"] == 3
    assert chats["read"] == 40 == chats["chosen"] + chats["not_needed"]
    assert facts["general_share"]["rows"] == {"task": 81, "general": 9, "share": 0.1}


def shown(tmp_path: Path, facts: dict[str, Any] | None = None) -> str:
    return card(tmp_path / "out", SimpleNamespace(facts=facts or {}))  # type: ignore[arg-type]


def test_the_card_shows_shares_and_what_was_left_out(tmp_path: Path, base: Path) -> None:
    outcome = write(tmp_path, task_rows(36), general_rows(7, license="MIT"), base)
    text = shown(tmp_path, outcome.facts)
    assert "| rows | 36 | 4 | 10.00% |" in text
    assert "| characters | " in text
    assert "| tokens | " in text
    assert "Of 7 general rows read, 0 ask the same as a task row, 0 nearly so, 0 repeat another one, and 3 were" in text
    assert "| facts |  | 7 | 4 | " in text
    assert "MIT (4)" in text
    assert "| tokens | " not in shown(tmp_path)


def test_the_card_names_a_source_that_ran_out(tmp_path: Path) -> None:
    general = [*general_rows(2), *general_rows(30, "chats.jsonl", source="chats")]
    write(tmp_path, task_rows(72), general, weights=("facts=1", "*=1"))
    assert "`facts` ran out: by its weight it should have given 4 rows. The other sources gave the rest." in shown(
        tmp_path
    )


def test_the_card_stays_short_with_many_sources(tmp_path: Path) -> None:
    write(tmp_path, task_rows(36), [row for n in range(30) for row in general_rows(1, f"s{n}", source=f"s{n}")])
    text = shown(tmp_path)
    assert "\n10 more sources are in summary.json.\n" in text
    write(tmp_path, task_rows(36), None, share=0)
    assert "Sources of general data" not in shown(tmp_path)


def test_same_input_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        mix(tmp_path / name, task_rows(20), general_rows(9))
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name / "out").iterdir()})
    assert contents[0] == contents[1]

"""Mixing on files."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.errors import ConfigError, DataError
from tasks.mixing.card import card
from tasks.mixing.choose import asked, choose, rows_for_share
from tasks.mixing.mix import write_mix
from tasks.mixing.params import MixingParams
from tasks.store.records import read_json, read_rows, write_rows


def record(name: str, number: int, origin: str = "task", **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "user", "content": fields.pop("ask", f"{origin} question {number}")},
        {"role": "assistant", "content": fields.pop("answer", "yes")},
    ]
    row = {"id": f"{name}:{number}", "origin": origin, "file": name, "row": number, "messages": messages, "text": ""}
    return {**row, "fields": fields} | ({"group": f"{name}:{number}"} if origin == "task" else {})


def task_rows(count: int) -> list[dict[str, Any]]:
    return [record("mails.jsonl", number) for number in range(1, count + 1)]


def general_rows(count: int) -> list[dict[str, Any]]:
    return [record("general.jsonl", number, "general", source="facts") for number in range(1, count + 1)]


def mix(tmp_path: Path, task: list[Any], general: list[Any] | None, **params: Any) -> tuple[list[Any], dict[str, Any]]:
    folders = [tmp_path / name for name in ("unique", "general", "out")]
    for folder, rows in zip(folders, (task, general or [], None), strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        if rows is not None:
            write_rows(folder / "records.jsonl", rows)
    outcome = write_mix(folders[0], folders[1] if general is not None else None, MixingParams(**params), folders[2])
    rows, summary = list(read_rows(folders[2] / "records.jsonl")), read_json(folders[2] / "summary.json")
    assert outcome.counts == {"task": summary["task"], "general": summary["general"]}
    return rows, summary


@pytest.mark.parametrize(("share", "expected"), [(0.05, 5), (0.10, 10), (0.20, 22)])
def test_the_share_is_met_to_the_nearest_row(tmp_path: Path, share: float, expected: int) -> None:
    task = task_rows(90)
    rows, summary = mix(tmp_path, task, general_rows(60), share=share)
    assert rows[:90] == task
    general = rows[90:]
    assert len(general) == expected == summary["general"]
    assert summary["share"] == pytest.approx(share, abs=0.005)
    assert all(row["group"] == row["id"] and row["origin"] == "general" for row in general)
    assert summary["sources"] == {"facts": expected, "mails.jsonl": 90}
    left = summary["general_left_out"]
    assert summary["general_read"] == expected + sum(left.values()) == 60


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
    general[2] = record("general.jsonl", 3, "general", ask="General  question 2")
    rows, summary = mix(tmp_path, task_rows(36), general)
    assert summary["general_left_out"] == {"equal_to_task": 1, "repeated": 1, "not_needed": 0}
    assert len({asked(row) for row in rows}) == len(rows) == 40


def test_too_few_general_rows_is_an_error_that_says_how_many(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"needs 10 general rows, but of the 9 there only 9 .*mixing\.files.*mixing\.share"
    ):
        mix(tmp_path, task_rows(90), general_rows(9))


def test_inputs_that_cannot_be_mixed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no general records were read"):
        mix(tmp_path, task_rows(9), None)
    with pytest.raises(DataError, match="no task record is left"):
        mix(tmp_path, [], general_rows(9))
    with pytest.raises(DataError, match=r"other\.jsonl:1 is a task record"):
        mix(tmp_path, task_rows(9), [record("other.jsonl", 1)])
    with pytest.raises(ConfigError, match=r"mails\.jsonl is read as task data and as general data"):
        mix(tmp_path, task_rows(9), [record("mails.jsonl", 1, "general")])


def test_characters_are_counted_by_origin(tmp_path: Path) -> None:
    text = {**record("general.jsonl", 1, "general"), "messages": [], "text": "x" * 66}
    _rows, summary = mix(tmp_path, [record("mails.jsonl", number, ask="abc") for number in range(1, 12)], [text])
    assert summary["characters"] == {"task": 66, "general": 66}
    assert summary["share_of_characters"] == 0.5
    assert summary["sources"]["general.jsonl"] == 1


def test_rows_without_a_user_turn_are_told_apart_by_the_rest() -> None:
    rows = [record("mails.jsonl", number, answer=f"answer {number}") for number in (1, 2)]
    for row in rows:
        row["messages"][0] = {"role": "system", "content": "Tell a fact."}
    assert asked(rows[0]) != asked(rows[1])


@given(task=st.integers(1, 200), general=st.integers(0, 80), share=st.floats(0.05, 0.2), seed=st.integers(0, 9))
def test_every_general_row_is_accounted_for(task: int, general: int, share: float, seed: int) -> None:
    needed = rows_for_share(task, share)
    assert abs(needed / (needed + task) - share) <= 0.5 / task
    offered = general_rows(general)
    if general < needed:
        with pytest.raises(DataError):
            choose(task_rows(task), offered, needed, seed)
        return
    choice = choose(task_rows(task), offered, needed, seed)
    assert len(choice.chosen) == needed
    assert needed + choice.equal_to_task + choice.repeated + choice.not_needed == general


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"share": 0.03}, "use 0 .no general rows. or 0.05 to 0.2"),
        ({"share": 0.21}, "less than or equal to 0.2"),
        ({"share": -0.1}, "greater than or equal to 0"),
        ({"files": ()}, "needs files with general rows"),
        ({"shares": 0.1}, "Extra inputs"),
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        MixingParams(**wrong)


def test_the_card_shows_shares_and_what_was_left_out(tmp_path: Path) -> None:
    mix(tmp_path, task_rows(36), general_rows(7))
    text = card(tmp_path / "out", None)  # type: ignore[arg-type]
    assert "| general | 4 | 0.1 |" in text
    assert "Of 7 general rows read, 0 ask the same as a task row, 0 repeat another one, and 3 were not needed." in text
    assert "| facts | 4 |" in text


def test_same_input_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        mix(tmp_path / name, task_rows(20), general_rows(9))
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name / "out").iterdir()})
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == ["records.jsonl", "summary.json"]

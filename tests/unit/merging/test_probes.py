from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.merging.probes import choose_probes
from tasks.store.records import write_rows


def row(name: str, answer: str | None = "yes", text: str = "") -> dict[str, object]:
    messages = [] if text else [{"role": "user", "content": f"ask {name}"}]
    if answer is not None and not text:
        messages.append({"role": "assistant", "content": answer})
    return {"id": name, "messages": messages, "text": text}


def test_heldout_rows_come_first_evenly_spread(tmp_path: Path) -> None:
    write_rows(tmp_path / "heldout.jsonl", [row(f"h{index}") for index in range(10)])
    write_rows(tmp_path / "test.jsonl", [row("t")])
    assert [probe.id for probe in choose_probes(tmp_path, 3)] == ["h0", "h3", "h6"]


def test_other_splits_fill_up(tmp_path: Path) -> None:
    write_rows(tmp_path / "heldout.jsonl", [row("h")])
    write_rows(tmp_path / "test.jsonl", [row("t")])
    write_rows(tmp_path / "validation.jsonl", [row("v")])
    assert [probe.id for probe in choose_probes(tmp_path, 2)] == ["h", "t"]
    assert [probe.id for probe in choose_probes(tmp_path, 9)] == ["h", "t", "v"]


def test_a_probe_is_the_conversation_up_to_the_last_answer(tmp_path: Path) -> None:
    write_rows(tmp_path / "test.jsonl", [row("t", answer="Gdansk")])
    (probe,) = choose_probes(tmp_path, 1)
    assert probe.messages == [{"role": "user", "content": "ask t"}]
    assert probe.answer == "Gdansk"


def test_a_plain_text_is_halved(tmp_path: Path) -> None:
    write_rows(tmp_path / "test.jsonl", [row("t", text="one two three four")])
    (probe,) = choose_probes(tmp_path, 1)
    assert (probe.messages, probe.text, probe.answer) == ([], "one two", " three four")


def test_rows_without_an_answer_are_no_probes(tmp_path: Path) -> None:
    write_rows(tmp_path / "test.jsonl", [row("t", answer=None)])
    with pytest.raises(DataError, match="nothing to probe"):
        choose_probes(tmp_path, 4)

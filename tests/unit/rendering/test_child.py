"""The child on files, with the tiny model's tokenizer."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tasks.errors import ConfigError, DataError
from tasks.rendering.card import card
from tasks.rendering.child import main
from tasks.rendering.params import RenderingParams
from tasks.rendering.templates import load_template
from tasks.runtime.child import Events, StopFlag
from tasks.runtime.parent import run_child
from tasks.store.keys import file_digest
from tasks.store.records import read_json, read_rows, write_rows
from tests.tiny import TEMPLATE

LONG = "Ten containers of toys from Hamburg to Kobe. " * 12


def record(number: int, answer: str = '{"pod":"Kobe"}', asked: str = "Two boxes to Kobe") -> dict[str, Any]:
    messages = [{"role": "user", "content": f"{asked}, {number}"}, {"role": "assistant", "content": answer}]
    return {"id": f"a.jsonl:{number}", "origin": "task", "messages": messages, "text": ""}


def payload(folder: Path, model: Path, **params: Any) -> dict[str, Any]:
    for name in ("out", "work"):
        (folder / name).mkdir()
    paths = {"splits": folder / "splits", "model": model, "out": folder / "out", "work": folder / "work"}
    chosen = RenderingParams(**params)
    said = {name: str(path) for name, path in paths.items()}
    return {**said, "params": chosen.model_dump(), "template": load_template(chosen.template)}


def write_splits(folder: Path, train: list[Any], validation: list[Any]) -> None:
    (folder / "splits").mkdir()
    write_rows(folder / "splits" / "train.jsonl", train)
    write_rows(folder / "splits" / "validation.jsonl", validation)


def run(said: dict[str, Any]) -> dict[str, Any]:
    """Run the child in this process; put back the signal handler that `StopFlag` replaces."""
    before = signal.getsignal(signal.SIGTERM)
    events = Events(os.open(os.devnull, os.O_WRONLY))
    try:
        return main(said, events, StopFlag())
    finally:
        events._pipe.close()
        signal.signal(signal.SIGTERM, before)


def test_rows_are_rendered_and_each_is_audited(tmp_path: Path, tiny_model: Path) -> None:
    plain = {"id": "t.jsonl:1", "origin": "general", "messages": [], "text": "Ships sail."}
    write_splits(tmp_path, [record(1), record(2, asked=LONG), plain], [record(3)])
    summary = run(payload(tmp_path, tiny_model, max_length=60, max_dropped_share=0.5))
    out = tmp_path / "out"
    rows, audit = list(read_rows(out / "train.jsonl")), list(read_rows(out / "audit.jsonl"))
    assert [row["id"] for row in rows] == ["a.jsonl:1", "t.jsonl:1"]
    assert [(line["id"], line["split"], line["dropped"]) for line in audit] == [
        ("a.jsonl:1", "train", ""),
        ("a.jsonl:2", "train", "too_long"),
        ("t.jsonl:1", "train", ""),
        ("a.jsonl:3", "validation", ""),
    ]
    assert audit[1]["tokens"] > 60
    assert (audit[1]["kept_tokens"], audit[1]["answers"], audit[1]["whole_answers"]) == (0, 1, 0)
    for row, line in zip(rows, [audit[0], audit[2]], strict=True):
        assert line["supervised"] == sum(label >= 0 for label in row["labels"])
        assert line["kept_tokens"] == len(row["input_ids"]) == len(row["labels"])
        assert line["answers"] == line["whole_answers"] == 1
    assert summary == read_json(out / "summary.json")
    assert summary["train"]["dropped"] == {"too_long": 1}
    assert '«{"pod":"Kobe"}<|im_end|>»' in summary["sample"]


def test_rows_over_the_limit_are_cut_when_asked(tmp_path: Path, tiny_model: Path) -> None:
    long_answer = record(1, answer=LONG)
    write_splits(tmp_path, [long_answer, record(2, asked=LONG), record(4)], [record(3)])
    said = payload(
        tmp_path, tiny_model, max_length=60, on_too_long="truncate", max_dropped_share=0.3, max_truncated_share=0.3
    )
    summary = run(said)
    audit = list(read_rows(tmp_path / "out" / "audit.jsonl"))
    assert summary["train"]["truncated"] == 1
    assert summary["train"]["dropped"] == {"emptied_by_truncation": 1}
    assert (audit[0]["truncated"], audit[0]["kept_tokens"], audit[0]["whole_answers"]) == (True, 60, 0)


def test_same_input_same_bytes(tmp_path: Path, tiny_model: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_splits(folder, [record(1), record(2)], [record(3)])
        run(payload(folder, tiny_model))
        contents.append({path.name: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == [
        "audit.jsonl",
        "chat_template.jinja",
        "lengths.svg",
        "summary.json",
        "train.jsonl",
        "validation.jsonl",
    ]


def test_a_limit_beyond_the_model_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [record(1)], [record(2)])
    with pytest.raises(ConfigError, match=r"max_length is 4096 tokens, but the base model reads 2048"):
        run(payload(tmp_path, tiny_model, max_length=4096))


def test_a_template_with_a_default_system_turn_and_its_own_end(tmp_path: Path, tiny_model: Path) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    template = (
        "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}<|im_start|>system\nYou help.<|im_end|>\n"
        "{% endif %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|endoftext|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    (model / "chat_template.jinja").write_text(template)
    generation = json.loads((model / "generation_config.json").read_text())
    (model / "generation_config.json").write_text(json.dumps({**generation, "eos_token_id": [0, 2]}))
    write_splits(tmp_path, [record(1)], [record(2)])
    sample = run(payload(tmp_path, model))["sample"]
    assert sample.startswith("<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nTwo boxes")
    assert '«{"pod":"Kobe"}<|endoftext|>»' in sample


def test_a_failed_budget_leaves_the_audit_behind(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [record(1), record(2, asked=LONG)], [record(3)])
    said = payload(tmp_path, tiny_model, max_length=60)
    with pytest.raises(DataError) as caught:
        run_child("tasks.rendering.child:main", said, tmp_path / "work")
    audit = tmp_path / "work" / "audit.jsonl"
    assert f"The audit of every row: {audit}" in str(caught.value)
    assert "too_long: 1, first a.jsonl:2" in str(caught.value)
    assert [line["dropped"] for line in read_rows(audit)] == ["", "too_long", ""]


def test_the_card_shows_counts_and_a_mask(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [record(1, answer="```json\n{}\n```")], [record(2)])
    run(payload(tmp_path, tiny_model))
    text = card(tmp_path / "out", None)  # type: ignore[arg-type]
    assert "| train | 1 | 1 | none | 0 |" in text
    assert "«```json\n{}\n```<|im_end|>»" in text
    assert text.count("~~~~~~~~") == 2
    assert orjson.loads((tmp_path / "out" / "summary.json").read_bytes())["sample"] in text


TOOLS = [{"type": "function", "function": {"name": "rate", "parameters": {"type": "object", "properties": {}}}}]


def calling(number: int) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "rate", "arguments": {"pod": "Kobe"}}}
    row = record(number)
    turns = [
        row["messages"][0],
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "name": "rate", "content": "900"},
        {"role": "assistant", "content": "USD 900"},
    ]
    return {**row, "messages": turns, "tools": TOOLS}


def test_a_chosen_template_is_used_and_travels_with_its_digest(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [calling(1)], [record(2)])
    summary = run(payload(tmp_path, tiny_model, template="qwen-tools"))
    assert "<tools>" in summary["sample"]
    assert '«<tool_call>\n{"name": "rate", "arguments": {"pod": "Kobe"}}\n</tool_call><|im_end|>»' in summary["sample"]
    assert "«USD 900<|im_end|>»" in summary["sample"]
    assert summary["sample"].count("«") == 2
    file = tmp_path / "out" / "chat_template.jinja"
    assert file.read_text() == load_template("qwen-tools")
    assert summary["template"] == {
        "choice": "qwen-tools",
        "sha256": file_digest(file),
        "stops": ["<|im_end|>"],
        "dated": False,
    }


def test_the_tokenizers_own_template_travels_too_and_passes_over_no_tools(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [calling(1), record(3)], [record(2)])
    summary = run(payload(tmp_path, tiny_model, max_dropped_share=0.5))
    assert summary["train"]["dropped"] == {"tool_call_not_rendered": 1}
    assert (tmp_path / "out" / "chat_template.jinja").read_text() == TEMPLATE


def test_the_last_answer_alone_is_supervised_when_asked(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [calling(1)], [record(2)])
    summary = run(payload(tmp_path, tiny_model, template="qwen-tools", supervise="last"))
    assert summary["sample"].count("«") == 1
    assert "«USD 900<|im_end|>»" in summary["sample"]
    assert "loss on last answers" in card(tmp_path / "out", None)  # type: ignore[arg-type]


def test_rejected_answers_are_counted_and_left_out(tmp_path: Path, tiny_model: Path) -> None:
    rejected = [{"role": "assistant", "content": "Sorry, what is a container?"}]
    write_splits(tmp_path, [{**record(1), "rejected": rejected}, record(3)], [{**record(2), "rejected": rejected}])
    summary = run(payload(tmp_path, tiny_model))
    assert (summary["train"]["preference_rows"], summary["validation"]["preference_rows"]) == (1, 1)
    assert "Sorry" not in summary["sample"]
    assert [line["rejected_turns"] for line in read_rows(tmp_path / "out" / "audit.jsonl")] == [1, 0, 1]
    text = card(tmp_path / "out", None)  # type: ignore[arg-type]
    assert "2 preference rows: only the chosen answers are rendered." in text


def test_lengths_are_in_summary_card_and_picture(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [record(1), record(2, asked=LONG)], [record(3)])
    summary = run(payload(tmp_path, tiny_model, max_length=60, max_dropped_share=0.34))
    audit = list(read_rows(tmp_path / "out" / "audit.jsonl"))
    lengths = summary["lengths"]
    longest = max(line["tokens"] for line in audit)
    assert lengths["percentiles"]["p100"] == longest > 60
    assert sum(one["rows"] for one in lengths["bins"]) == lengths["rows"] == 3
    assert lengths["suggested_max_length"] == 64
    assert [choice["rows_over"] for choice in lengths["choices"]] == [1, 0]
    text = card(tmp_path / "out", None)  # type: ignore[arg-type]
    assert "The limit is 60, suggested 64." in text
    assert "| 64 | 1 | 33.3% |" in text
    picture = (tmp_path / "out" / "notes" / "lengths.svg").read_text()
    assert "max_length 60" in picture
    assert "suggested 64" in picture


def test_a_model_without_the_tokens_of_a_template_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    write_splits(tmp_path, [record(1)], [record(2)])
    with pytest.raises(ConfigError, match=r"needs <\|start_header_id\|>, <\|end_header_id\|>, <\|eot_id\|>"):
        run(payload(tmp_path, tiny_model, template="llama-3"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_template_that_writes_the_day_is_shown(tmp_path: Path, tiny_model: Path) -> None:
    file = tmp_path / "dated.jinja"
    file.write_text("{{ strftime_now('%Y') }}" + TEMPLATE)
    write_splits(tmp_path, [record(1)], [record(2)])
    assert run(payload(tmp_path, tiny_model, template=str(file)))["template"]["dated"]
    assert "can write the day it is run on" in card(tmp_path / "out", None)  # type: ignore[arg-type]

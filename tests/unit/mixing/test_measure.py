"""Rows, characters and tokens."""

import json
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.mixing.measure import measures, token_counter
from tests.unit.mixing.samples import record


def base_of(folder: Path, model: Path) -> Path:
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "where.json").write_text(json.dumps({"folder": str(model)}))
    return folder


CALL = {"type": "function", "function": {"name": "track", "arguments": {"box": "X1"}}}


def test_rows_and_characters_need_no_model() -> None:
    known = measures(None)
    assert sorted(known) == ["characters", "rows"]
    plain = {**record("a", 1), "messages": [], "text": "twelve chars"}
    calling = record("a", 2, ask="ab", answer="")
    calling["messages"][1] = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    assert known["rows"]([plain, calling]) == [1, 1]
    counted = known["characters"]([plain, calling])
    assert counted[0] == 12
    assert counted[1] == len("ab\n") + len(json.dumps([CALL], separators=(",", ":"), sort_keys=True))


def test_tokens_are_those_of_the_models_own_tokenizer(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    rows = [record("a", number, ask="Please book ten containers " * number) for number in (1, 2, 40)]
    counted = measures(base_of(tmp_path / "base", tiny_model))["tokens"](rows)
    texts = ["\n".join(turn["content"] for turn in row["messages"]) for row in rows]
    assert counted == [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
    assert counted[2] > 128


def test_what_a_tokenizer_adds_or_cuts_by_itself_does_not_count(tiny_model: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    rows = [record("a", number, ask="Please book ten containers " * number) for number in (1, 20)]
    plain = token_counter(tiny_model)(rows)
    for setting in ("bos", "truncation", "padding"):
        tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
        if setting == "bos":
            start = "<|im_start|>"
            special = [(start, tokenizer.token_to_id(start))]
            tokenizer.post_processor = TemplateProcessing(single=f"{start} $A", special_tokens=special)
        elif setting == "truncation":
            tokenizer.enable_truncation(4)
        else:
            tokenizer.enable_padding(length=2048)
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        assert token_counter(tmp_path)(rows) == plain, setting


def test_a_model_without_a_fast_tokenizer_is_refused_with_advice(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    with pytest.raises(ConfigError, match=r"has no tokenizer\.json.*mixing\.share_by to characters"):
        measures(base_of(tmp_path / "base", model))

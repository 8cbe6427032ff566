"""Which records are asked, and how."""

import pytest

from tasks.errors import DataError
from tasks.evaluation.items import choose_records, choose_set, make_items
from tasks.evaluation.params import EvaluationParams


def test_auto_takes_heldout_when_it_has_rows(make_splits, record) -> None:
    splits = make_splits([record(1)], [record(2)])
    assert choose_set(splits, EvaluationParams()) == "heldout"
    assert choose_set(splits, EvaluationParams(task_set="test")) == "test"
    (splits / "heldout.jsonl").write_text("")
    assert choose_set(splits, EvaluationParams()) == "test"
    assert choose_set(splits, EvaluationParams(task_set="heldout")) == "heldout"


def test_an_empty_set_says_what_to_change(make_splits, record) -> None:
    text = {"id": "t:1", "origin": "task", "messages": [], "text": "plain"}
    splits = make_splits([text], [])
    for name in ("test", "heldout"):
        with pytest.raises(DataError, match=f"the {name} part .* evaluation.task_set"):
            choose_records(splits, name, EvaluationParams())


def test_a_smaller_number_is_a_fixed_choice_in_file_order(make_splits, record) -> None:
    rows = [record(number) for number in range(30)]
    splits = make_splits(rows, rows[::-1])
    assert len(choose_records(splits, "test", EvaluationParams())) == 30
    few = [row["id"] for row in choose_records(splits, "test", EvaluationParams(task_items=5))]
    turned = [row["id"] for row in choose_records(splits, "heldout", EvaluationParams(task_items=5))]
    assert few == turned[::-1]
    assert few != [row["id"] for row in rows[:5]]
    more = [row["id"] for row in choose_records(splits, "test", EvaluationParams(task_items=9))]
    assert set(few) < set(more)


def test_the_last_answer_is_expected_and_all_before_it_is_the_prompt(loaded, record) -> None:
    _model, tokenizer = loaded
    row = record(1, answer="first")
    row["messages"] += [{"role": "user", "content": "and?"}, {"role": "assistant", "content": "second"}]
    (item,) = make_items([row], tokenizer, None)
    assert item.expected == "second"
    assert "first" in item.prompt
    assert item.prompt.endswith("and?<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.decode(item.tokens) == item.prompt
    (other,) = make_items([record(2)], tokenizer, None)
    assert len(item.prompt_hash) == 64
    assert item.prompt_hash != other.prompt_hash


def test_a_prompt_that_leaves_no_room_is_refused(loaded, record) -> None:
    _model, tokenizer = loaded
    with pytest.raises(DataError, match=r"mails.jsonl:7 has \d+ tokens.*leaves 10 .*max_new_tokens"):
        make_items([record(7)], tokenizer, 10)

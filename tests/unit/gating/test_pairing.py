"""Items are compared with themselves or not at all."""

from pathlib import Path

import pytest

from tasks.errors import ProofError
from tasks.gating.pairing import check_arithmetic, general_pairs, task_pairs


def test_pairs_come_together_by_id_whatever_the_order(evaluation, task_item) -> None:
    base = evaluation("base", [task_item(1, [True]), task_item(2, [False])], [])
    tuned = evaluation("tuned", [task_item(2, [True]), task_item(1, [True])], [])
    pairs = task_pairs(base, tuned)
    assert [(pair.base["id"], pair.tuned["id"]) for pair in pairs] == [("1", "1"), ("2", "2")]


def test_different_item_sets_are_refused_with_names(evaluation, task_item) -> None:
    base = evaluation("base", [task_item(f"mail:{row}", [True]) for row in range(9)], [])
    tuned = evaluation("tuned", [task_item("mail:0", [True]), task_item("other:1", [True])], [])
    with pytest.raises(ProofError, match=r"8 only with the base model \(mail:1, .*mail:5, \.\.\.\).*\(other:1\)"):
        task_pairs(base, tuned)


def test_general_items_are_named_by_task_and_item(evaluation, general_items) -> None:
    base = evaluation("base", [], general_items(2, 0, "a") + general_items(2, 0, "b"))
    tuned = evaluation("tuned", [], general_items(2, 0, "a") + general_items(1, 0, "b"))
    with pytest.raises(ProofError, match=r"general_items\.jsonl.*\(b / 1\)"):
        general_pairs(base, tuned)


def test_an_item_listed_twice_is_refused(evaluation, task_item) -> None:
    base = evaluation("base", [task_item(1, [True]), task_item(1, [False])], [])
    with pytest.raises(ProofError, match="item 1 is there twice"):
        task_pairs(base, base)


def test_different_prompts_are_refused(evaluation, task_item) -> None:
    base = evaluation("base", [task_item(7, [True])], [])
    tuned = evaluation("tuned", [task_item(7, [True], prompt="another")], [])
    with pytest.raises(ProofError, match="different words: 7"):
        task_pairs(base, tuned)


def test_an_evaluation_without_a_file_has_no_items(evaluation) -> None:
    base, tuned = evaluation("base", [], []), evaluation("tuned", [], [])
    for folder in (base, tuned):
        (folder / "general_items.jsonl").unlink()
    assert general_pairs(base, tuned) == []


def test_evaluations_in_different_number_types_are_not_compared(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("base", "tuned")]
    for folder, dtype in zip(folders, ("float32", "bfloat16"), strict=True):
        folder.mkdir()
        (folder / "scores.json").write_text(f'{{"dtype": "{dtype}"}}')
    with pytest.raises(ProofError, match=r"float32.*bfloat16.*Remove"):
        check_arithmetic(*folders)
    check_arithmetic(folders[0], folders[0])

"""Budgets and sums of the audit."""

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError
from tasks.rendering.audit import causes, check_budget, summarise
from tasks.rendering.params import RenderingParams

WHERE = Path("work/audit.jsonl")


def line(number: int, split: str = "train", dropped: str = "", **other: Any) -> dict[str, Any]:
    tokens = other.pop("tokens", 10 + number)
    kept = 0 if dropped else tokens
    said = {"id": f"a.jsonl:{number}", "split": split, "tokens": tokens, "kept_tokens": kept, "supervised": kept // 2}
    said |= {"answers": 1, "whole_answers": int(not dropped), "rejected_turns": 0}
    return {**said, "truncated": False, "dropped": dropped, **other}


GOOD = [*(line(number) for number in range(1, 9)), line(9, "validation")]


def test_summary_adds_up() -> None:
    cut = line(5, truncated=True, whole_answers=0, rejected_turns=2)
    lines = [line(1), line(2), line(3, dropped="too_long"), line(4, dropped="empty_text", rejected_turns=1), cut]
    summary = summarise(lines)
    assert summary["rows"] == summary["kept"] + sum(summary["dropped"].values()) == 5
    assert summary["dropped"] == causes(lines) == {"empty_text": 1, "too_long": 1}
    assert summary["tokens"] == 11 + 12 + 15
    assert summary["supervised_tokens"] == 5 + 6 + 7
    assert (summary["longest"], summary["median"], summary["truncated"]) == (15, 12, 1)
    assert (summary["answers"], summary["whole_answers"], summary["preference_rows"]) == (3, 2, 2)
    assert summarise([])["longest"] == 0


def test_dropped_rows_fail_above_their_budget_only() -> None:
    audit = [*GOOD, line(10, dropped="too_long", tokens=900)]
    check_budget(audit, RenderingParams(max_dropped_share=0.1), WHERE)
    with pytest.raises(
        DataError, match=r"1 of 10 rows.*too_long: 1, first a\.jsonl:10 \(900 tokens\).*work/audit\.jsonl"
    ):
        check_budget(audit, RenderingParams(max_dropped_share=0.09), WHERE)


def test_the_message_names_the_first_row_of_each_cause() -> None:
    audit = [*GOOD, *(line(number, dropped="too_long") for number in (10, 11)), line(12, dropped="empty_answer")]
    with pytest.raises(DataError, match=r"empty_answer: 1, first a\.jsonl:12.*too_long: 2, first a\.jsonl:10"):
        check_budget(audit, RenderingParams(), WHERE)


def test_cut_rows_fail_above_their_budget_only() -> None:
    audit = [*GOOD, line(10, truncated=True)]
    check_budget(audit, RenderingParams(max_truncated_share=0.1), WHERE)
    with pytest.raises(DataError, match=r"cuts 1 of 10 rows.*a\.jsonl:10.*max_truncated_share"):
        check_budget(audit, RenderingParams(max_truncated_share=0.09), WHERE)


@pytest.mark.parametrize(("split", "audit"), [("train", GOOD[8:]), ("validation", GOOD[:8]), ("train", [])])
def test_an_empty_split_is_refused(split: str, audit: list[dict[str, Any]]) -> None:
    with pytest.raises(DataError, match=f"no row of the {split} split is left"):
        check_budget(audit, RenderingParams(max_dropped_share=1), WHERE)


def test_the_message_says_what_each_limit_would_cost_and_what_to_do() -> None:
    long = [line(number, dropped="too_long", tokens=tokens) for number, tokens in ((10, 90), (11, 200), (12, 700))]
    audit = [*GOOD, *long, line(13, dropped="template_not_prefix_preserving", tokens=0)]
    with pytest.raises(DataError) as caught:
        check_budget(audit, RenderingParams(max_dropped_share=0.1), WHERE)
    said = str(caught.value)
    assert "For template_not_prefix_preserving, the template writes an earlier turn otherwise" in said
    assert "set rendering.supervise to last" in said
    # Twelve rows have tokens, so one may go: 224 is the first multiple of 32 that holds 200.
    assert "Suggested: rendering.max_length 224. Of 12 rows" in said
    assert "704 loses 0 rows (0.0%)" in said
    assert "224 loses 1 rows (8.3%)" in said
    with pytest.raises(DataError) as caught:
        check_budget(audit, RenderingParams(max_dropped_share=0.1), WHERE, context=128)
    assert "Suggested: rendering.max_length 128." in str(caught.value)
    assert "704" not in str(caught.value)
    with pytest.raises(DataError) as caught:
        check_budget([*GOOD, line(10, dropped="empty_answer")], RenderingParams(), WHERE)
    assert "Suggested" not in str(caught.value)

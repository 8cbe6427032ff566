"""The model that serves, on the same test and on what neither model can know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ProofError
from tasks.gating.champion import Champion
from tasks.gating.params import GatingParams
from tasks.gating.verdict import Others, judge

Folders = tuple[Path, Path]
V3 = Champion(name="mails v3")


@pytest.fixture
def folder(evaluation, task_item, general_items) -> Callable[..., Path]:
    def make(model: str, right: int, size: int = 120, known: int = 300, prompt: str = "p") -> Path:
        tasks = [task_item(index, [index < right], prompt=prompt) for index in range(size)]
        return evaluation(model, tasks, general_items(known, 300 - known))

    return make


def rows(verdict: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in verdict["rows"]}


def against(champion: Champion, scores: Path | None, base: Path, tuned: Path, **changes: Any) -> dict[str, Any]:
    return judge(base, tuned, GatingParams(**changes), None, Others(champion, scores))


def test_a_model_that_beats_its_base_but_not_the_champion_is_not_released(folder) -> None:
    base, tuned, better, equal = folder("base", 20), folder("tuned", 90), folder("better", 118), folder("equal", 90)
    assert judge(base, tuned, GatingParams())["outcome"] == "pass"
    verdict = against(V3, better, base, tuned)
    assert verdict["outcome"] == "fail"
    line = rows(verdict)["against champion: extraction"]
    assert (line["outcome"], line["against"]) == ("fail", "mails v3")
    assert (line["base"], line["tuned"]) == (pytest.approx(118 / 120), pytest.approx(90 / 120))
    assert any("went from 0.983 (mails v3) to 0.750" in reason for reason in verdict["reasons"])
    passed = against(V3, equal, base, tuned)
    assert (passed["outcome"], passed["champion"]) == ("pass", "mails v3")
    assert against(V3, better, base, tuned, max_champion_drop=0.5)["outcome"] == "pass"


def test_general_ability_is_held_against_the_champion_too(folder) -> None:
    base, tuned, champion = folder("base", 20, known=200), folder("tuned", 100, known=200), folder("champion", 100)
    verdict = against(V3, champion, base, tuned)
    assert rows(verdict)["general drop"]["outcome"] == "pass"
    assert rows(verdict)["against champion: general"]["outcome"] == "fail"


def test_why_it_is_not_compared_is_a_row_that_decides_nothing(folder) -> None:
    champion = Champion(name="mails v3", why_not="it was trained on another base model")
    verdict = against(champion, None, folder("base", 20), folder("tuned", 90))
    assert verdict["outcome"] == "pass"
    assert (
        "against champion: not compared with mails v3: it was trained on another base model. Shown only."
        in (verdict["reasons"])
    )


def test_items_that_the_champion_was_trained_on_are_left_out(folder) -> None:
    base, tuned, champion = folder("base", 20), folder("tuned", 90), folder("champion", 118)
    # It is only better on what it has learnt by heart.
    seen = tuple(str(index) for index in range(90, 118))
    verdict = against(V3.model_copy(update={"seen": seen}), champion, base, tuned)
    assert rows(verdict)["against champion: extraction"]["n"] == 92
    assert verdict["outcome"] == "pass"
    everything = V3.model_copy(update={"seen": tuple(str(index) for index in range(120))})
    nothing_left = against(everything, champion, base, tuned)
    assert nothing_left["outcome"] == "inconclusive"
    assert any("it was trained on every item of this test. Inconclusive." in text for text in nothing_left["reasons"])


def test_fresh_items_decide_once_they_are_enough(folder) -> None:
    base, tuned, champion = folder("base", 20, 400), folder("tuned", 380, 400), folder("champion", 400, 400)
    fresh = V3.model_copy(update={"fresh": tuple(str(index) for index in range(340, 400))})
    # 20 of 400 lost is within a margin of 0.1; of the new ones it is a third.
    few = against(fresh, champion, base, tuned, max_champion_drop=0.1, flip_share=0.5)
    line = rows(few)["fresh data: against champion"]
    assert (line["n"], line["outcome"], few["outcome"]) == (60, "shown", "pass")
    assert rows(few)["fresh data: task gain"]["difference"] == pytest.approx(40 / 60)
    enough = against(fresh, champion, base, tuned, max_champion_drop=0.1, flip_share=0.05)
    assert rows(enough)["fresh data: against champion"]["outcome"] == "fail"
    assert enough["outcome"] == "fail"
    assert (
        against(fresh, champion, base, tuned, max_champion_drop=0.1, flip_share=0.05, min_power=0.99)["outcome"]
        == "pass"
    )


def test_a_test_that_is_all_new_or_all_old_needs_no_row_of_its_own(folder) -> None:
    base, tuned, champion = folder("base", 20), folder("tuned", 90), folder("champion", 90)
    whole = V3.model_copy(update={"fresh": tuple(str(index) for index in range(120))})
    for each in (V3, whole):
        assert not [name for name in rows(against(each, champion, base, tuned)) if name.startswith("fresh")]


def test_another_template_is_allowed_only_where_it_was_said(folder) -> None:
    base, tuned, champion = folder("base", 20), folder("tuned", 90), folder("champion", 90, prompt="another")
    with pytest.raises(ProofError, match="different words"):
        against(V3, champion, base, tuned)
    assert against(V3.model_copy(update={"same_template": False}), champion, base, tuned)["outcome"] == "pass"


def test_names_of_items_that_were_not_asked_are_an_error(folder) -> None:
    base, tuned, champion = folder("base", 20), folder("tuned", 90), folder("champion", 90)
    with pytest.raises(ProofError, match="1 items are said to be"):
        against(V3.model_copy(update={"fresh": ("none",)}), champion, base, tuned)

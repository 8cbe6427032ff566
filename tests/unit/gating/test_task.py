"""The gate through its Prefect door."""

import json

import pytest
from prefect import flow

from tasks.errors import ConfigError
from tasks.gating.card import card
from tasks.gating.champion import Champion
from tasks.gating.params import GatingParams
from tasks.gating.task import gate, read_verdict
from tasks.store.refs import Ref
from tasks.store.store import Store


@flow
def gates(pairs: list[tuple[Ref, Ref]], params: list[GatingParams]) -> list[Ref]:
    return [gate(base, tuned, each) for (base, tuned), each in zip(pairs, params, strict=True)]


def lines(rows: list) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def scores(make_ref, task_item, general_items, scores_of):
    def make(model: str, right: bool) -> Ref:
        tasks = [task_item(index, [right, True]) for index in range(40)]
        files = {"task_items.jsonl": lines(tasks), "general_items.jsonl": lines(general_items(200, 50))}
        return make_ref("evaluation", {**files, "scores.json": json.dumps(scores_of(model, tasks))})

    return make


def test_verdicts_are_artefacts_with_cards_and_a_blocked_one_is_no_error(server: None, scores) -> None:
    good, bad = (scores("base", False), scores("tuned", True)), (scores("base", True), scores("tuned", False))
    strict = GatingParams(min_task_gain=0.9)
    passed, again, blocked, failed = gates([good, good, good, bad], [GatingParams(), GatingParams(), strict, strict])
    assert again == passed
    assert passed.counts == {"pass": 5, "fail": 0, "inconclusive": 0}
    verdict = read_verdict(passed)
    assert verdict["outcome"] == "pass"
    assert [read_verdict(ref)["outcome"] for ref in (blocked, failed)] == ["fail", "fail"]

    store = Store()
    text = card(store.open(passed), store.manifest(passed))
    assert "## Pass" in text
    assert "| task gain | field_accuracy | 40 | 0.500 | 1.000 | +0.500 |" in text
    assert all(reason in text for reason in verdict["reasons"])
    assert "## Fail" in card(store.open(failed), store.manifest(failed))


@flow
def gates_with_others(arguments: list[dict]) -> list[Ref]:
    return [gate(**each) for each in arguments]


def test_everything_that_decides_is_in_the_key_and_on_the_card(server: None, scores, tmp_path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("general: {max_drop: 0.2}\n")
    base, tuned, serving = scores("base", False), scores("tuned", True), scores("champion", True)
    plain = {"base_scores": base, "tuned_scores": tuned, "params": GatingParams()}
    named = plain | {"params": GatingParams(policy=str(policy))}
    against = plain | {"champion_scores": serving, "champion": Champion(name="mails v3", note="A note.")}
    elsewhere = plain | {"champion": Champion(name="mails v3", why_not="another base")}
    noisy = plain | {"repeats": [serving, scores("seed 8", True)]}
    refs = gates_with_others([plain, named, against, elsewhere, noisy])
    assert len({ref.key for ref in refs}) == 5
    policy.write_text("general: {max_drop: 0.3}\n")
    assert gates_with_others([named])[0].key != refs[1].key

    store = Store()
    quoted, compared, told, repeated = (card(store.open(ref), store.manifest(ref)) for ref in refs[1:])
    assert "    general: {max_drop: 0.2}" in quoted
    assert "| general drop | correct | 250 | 0.800 | 0.800 | +0.000 |" in quoted
    assert "at least -20.0 points" in quoted
    assert "The champion is **mails v3**." in compared
    assert "| against champion: extraction | field_accuracy | 40 | 1.000 | 1.000 |" in compared
    assert "A note." in compared
    assert "not compared with mails v3: another base" in told
    assert "Noise floor: 3 trainings gained +0.500, +0.500, +0.500" in repeated


def test_one_evaluation_is_not_compared_with_itself(scores) -> None:
    base = scores("base", False)
    with pytest.raises(ConfigError, match="twice"):
        gate(base, base, GatingParams())

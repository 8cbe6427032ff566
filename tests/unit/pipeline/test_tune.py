"""Who is trained and asked, in which order, and what the gate is handed."""

from typing import Any

import pytest

from tasks.base.params import BaseParams
from tasks.errors import ConfigError
from tasks.evaluation.params import EvaluationParams
from tasks.gating.champion import Champion
from tasks.gating.params import GatingParams
from tasks.pipeline import tune as module
from tasks.pipeline.opponent import Opponent
from tasks.rendering.params import RenderingParams
from tasks.serving.params import ServingParams
from tasks.store.refs import Ref
from tasks.training.params import TrainingParams


def ref(kind: str, key: str) -> Ref:
    return Ref(kind=kind, key=key, path=f"artifacts/{kind}/{key}", digest=key)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, make_ref) -> list[tuple[Any, ...]]:
    """Stand in for the stages; return the list of what they were asked."""
    asked: list[tuple[Any, ...]] = []

    def train(_rendering: Ref, _base: Ref, params: TrainingParams, *, where: str, variant: str = "") -> Ref:
        asked.append(("train", params.seed, variant, where))
        return ref("training", f"seed{params.seed}")

    def evaluate(
        _splits: Ref,
        _base: Ref,
        rendering: Ref,
        adapter: Ref | None,
        _params: EvaluationParams,
        *,
        who: str,
        **_more: Any,
    ) -> Ref:
        asked.append(("evaluate", adapter.key if adapter else None, who, rendering.key))
        return ref("evaluation", adapter.key if adapter else "base")

    def gate(base: Ref, tuned: Ref, _params: GatingParams, **others: Any) -> Ref:
        asked.append(("gate", base.key, tuned.key, others))
        return ref("gating", "g")

    monkeypatch.setattr(module, "check_metrics", lambda *_arguments: None)
    monkeypatch.setattr(module, "check_sizes", lambda *_arguments: asked.append(("sizes",)))
    monkeypatch.setattr(module, "prepare_base", lambda _params: ref("base", "b"))
    monkeypatch.setattr(module, "check_base", lambda *_arguments: asked.append(("servable",)))
    monkeypatch.setattr(module, "render", lambda *_arguments: ref("rendering", "r"))
    monkeypatch.setattr(module, "account", lambda _stages: None)
    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "evaluate", evaluate)
    monkeypatch.setattr(module, "gate", gate)
    monkeypatch.setattr(module, "find_opponent", lambda *_arguments: None)
    return asked


@pytest.fixture
def run(make_ref):
    def start(**gating: Any) -> dict[str, Ref]:
        data = {"splitting": make_ref("splitting", {"heldout.jsonl": ""})}
        parts = (BaseParams(), RenderingParams(), TrainingParams(seed=7), EvaluationParams(), GatingParams(**gating))
        return module.tune("mails", data, *parts, ServingParams(), "inline")

    return start


def test_without_more_only_base_and_tuned_are_asked(calls, run) -> None:
    run()
    assert [call[0] for call in calls] == ["sizes", "servable", "train", "evaluate", "evaluate", "gate"]
    assert calls[-1][1:] == ("base", "seed7", {"champion_scores": None, "champion": None, "repeats": []})


def test_the_champion_is_asked_with_its_own_template(calls, run, monkeypatch: pytest.MonkeyPatch) -> None:
    opponent = Opponent(Champion(name="mails v3"), "v3", ref("training", "old"), ref("rendering", "theirs"))
    monkeypatch.setattr(module, "find_opponent", lambda *_arguments: opponent)
    stages = run()
    assert ("evaluate", "old", "champion v3", "theirs") in calls
    assert calls[-1][3]["champion"] == opponent.champion
    assert calls[-1][3]["champion_scores"] == stages["evaluation_champion"]
    calls.clear()
    assert "evaluation_champion" not in run(champion="skip")
    assert calls[-1][3]["champion"] is None


def test_a_champion_that_cannot_be_asked_is_told_to_the_gate_all_the_same(
    calls, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opponent = Opponent(Champion(name="mails v3", why_not="another base"), "v3")
    monkeypatch.setattr(module, "find_opponent", lambda *_arguments: opponent)
    run()
    assert calls[-1][3]["champion"].why_not == "another base"
    assert calls[-1][3]["champion_scores"] is None


def test_the_noise_floor_trains_other_seeds_and_releases_the_first(calls, run) -> None:
    stages = run(noise_seeds=2)
    assert [call[1:3] for call in calls if call[0] == "train"] == [(7, ""), (8, "seed 8"), (9, "seed 9")]
    assert stages["training"].key == "seed7"
    assert [each.key for each in calls[-1][3]["repeats"]] == ["seed8", "seed9"]
    assert {"training_seed_8", "evaluation_seed_9"} <= stages.keys()


def test_a_model_that_could_not_be_served_is_not_trained(calls, run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise ConfigError("r=1000 is more than vLLM serves")

    monkeypatch.setattr(module, "check_base", refuse)
    with pytest.raises(ConfigError, match="more than vLLM serves"):
        run()
    assert calls == [("sizes",)]


def test_a_test_that_is_too_small_trains_nothing(calls, run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise ConfigError("too small")

    monkeypatch.setattr(module, "check_sizes", refuse)
    with pytest.raises(ConfigError, match="too small"):
        run()
    assert calls == []

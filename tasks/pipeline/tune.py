"""The model stages in their order, up to the verdict."""

from tasks.base.params import BaseParams
from tasks.base.task import prepare_base
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.task import evaluate
from tasks.gating.params import GatingParams
from tasks.gating.task import gate
from tasks.pipeline.data import Stages
from tasks.pipeline.opponent import find_opponent
from tasks.pipeline.sizes import check_metrics, check_sizes
from tasks.rendering.params import RenderingParams
from tasks.rendering.task import render
from tasks.reporting.task import account
from tasks.runtime.remote import Where
from tasks.serving.params import ServingParams
from tasks.serving.task import check_base
from tasks.store.refs import Ref
from tasks.store.store import Store
from tasks.training.params import TrainingParams
from tasks.training.task import train


def tune(
    name: str,
    data: Stages,
    base: BaseParams,
    rendering: RenderingParams,
    training: TrainingParams,
    evaluation: EvaluationParams,
    gating: GatingParams,
    serving: ServingParams,
    where: Where,
) -> Stages:
    """Train and measure on prepared data; return the references of all stages so far, by role.

    Raises:
        ConfigError: A metric cannot score the test, or it is too small for the gate's margins; nothing was trained.
    """
    stages = dict(data)
    splits = stages["splitting"]
    check_metrics(Store().open(splits), evaluation, where)
    check_sizes(Store().open(splits), evaluation, gating)
    stages["base"] = prepare_base(base)
    check_base(stages["base"], training, serving)
    stages["rendering"] = render(splits, stages["base"], rendering)
    account(stages)
    stages["training"] = train(stages["rendering"], stages["base"], training, where=where)
    measure = _Measure(stages, evaluation, where)
    stages["evaluation_base"] = measure(None)
    stages["evaluation_tuned"] = measure(stages["training"])
    opponent = find_opponent(name, stages, evaluation) if gating.champion == "compare" else None
    if opponent and opponent.training:
        who = f"champion {opponent.version}"
        stages["evaluation_champion"] = measure(opponent.training, who=who, rendering=opponent.rendering)
    repeats = []
    for seed in range(training.seed + 1, training.seed + 1 + gating.noise_seeds):
        again = training.model_copy(update={"seed": seed})
        trained = train(stages["rendering"], stages["base"], again, where=where, variant=f"seed {seed}")
        stages[f"training_seed_{seed}"] = trained
        stages[f"evaluation_seed_{seed}"] = measure(trained, who=f"seed {seed}")
        repeats.append(stages[f"evaluation_seed_{seed}"])
    stages["gating"] = gate(
        stages["evaluation_base"],
        stages["evaluation_tuned"],
        gating,
        champion_scores=stages.get("evaluation_champion"),
        champion=opponent.champion if opponent else None,
        repeats=repeats,
    )
    return stages


class _Measure:
    """Asks one adapter after the other the same test."""

    def __init__(self, stages: Stages, evaluation: EvaluationParams, where: Where) -> None:
        self.stages, self.evaluation, self.where = stages, evaluation, where

    def __call__(self, adapter: Ref | None, *, who: str = "", rendering: Ref | None = None) -> Ref:
        asked = (self.stages["splitting"], self.stages["base"], rendering or self.stages["rendering"])
        proof = self.stages.get("leakage")
        return evaluate(*asked, adapter, self.evaluation, leakage=proof, who=who, where=self.where)

"""The model stages in their order, up to the verdict."""

from tasks.base.params import BaseParams
from tasks.base.task import prepare_base
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.task import evaluate
from tasks.gating.params import GatingParams
from tasks.gating.task import gate
from tasks.pipeline.data import Stages
from tasks.rendering.params import RenderingParams
from tasks.rendering.task import render
from tasks.reporting.task import account
from tasks.runtime.remote import Where
from tasks.training.params import TrainingParams
from tasks.training.task import train


def tune(
    data: Stages,
    base: BaseParams,
    rendering: RenderingParams,
    training: TrainingParams,
    evaluation: EvaluationParams,
    gating: GatingParams,
    where: Where,
) -> Stages:
    """Train and measure on prepared data; return the references of all stages so far, by role."""
    stages = dict(data)
    splits = stages["splitting"]
    stages["base"] = prepare_base(base)
    stages["rendering"] = render(splits, stages["base"], rendering)
    account(stages)
    stages["training"] = train(stages["rendering"], stages["base"], training, where=where)
    asked = (splits, stages["base"], stages["rendering"])
    stages["evaluation_base"] = evaluate(*asked, None, evaluation, where=where)
    stages["evaluation_tuned"] = evaluate(*asked, stages["training"], evaluation, where=where)
    stages["gating"] = gate(stages["evaluation_base"], stages["evaluation_tuned"], gating)
    return stages

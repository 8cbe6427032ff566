"""Prefect door of training."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.runtime.remote import Remote, Where
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage
from tasks.training.card import card
from tasks.training.params import TrainingParams

STAGE = Stage("training", "2", ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate"))
RECIPE = Recipe(STAGE, card)
DEPLOYMENT = "train_adapter/train_adapter"


def train(rendering: Ref, base: Ref, params: TrainingParams, *, where: Where = "inline", variant: str = "") -> Ref:
    """Train an adapter on the rendered rows, here or on the GPU work pool.

    Args:
        rendering: The rendering stage's artefact.
        base: The base model.
        params: How it is trained.
        where: Where the work runs.
        variant: What sets this training apart from the run's main one, such as `seed 8`; empty for that one.
    """
    store = Store()

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "rendering": str(store.open(rendering)),
            "model": str(model_folder(store.open(base))),
            "out": str(out),
            "work": str(work),
            "run_name": f"{params.method}-{out.name[:8]}",
            "train_tokens": rendering.counts.get("train_tokens", 0),
            "params": params.model_dump(),
        }
        limit = params.time_limit_minutes * 60 or None
        said = run_in_child("tasks.training.child:main", payload, work, title="training", timeout_s=limit)
        counts = {name: int(said[name]) for name in ("steps", "best_step", "trainable_parameters")}
        return Outcome(counts=counts, facts={name: said[name] for name in ("device", "resumed_from", "threads")})

    remote = None
    if where == "pool":
        parameters = {"rendering": rendering.name, "base": base.name, "training": params.model_dump(mode="json")}
        remote = Remote(DEPLOYMENT, parameters)
    # How long a run may take decides nothing about what it gives: a raised limit goes on from the same checkpoints.
    keyed = params.model_copy(update={"time_limit_minutes": 0})
    label = f"{params.method} on {rendering.counts.get('train_rows', 0)} rows" + (f", {variant}" if variant else "")
    inputs = {"rendering": rendering, "base": base}
    return run_stage(RECIPE, write, inputs=inputs, params=keyed, label=label, remote=remote, variant=variant)

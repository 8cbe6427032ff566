"""Prefect door of evaluation."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.evaluation.card import card
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME, suite_digest
from tasks.runtime.remote import Remote, Where
from tasks.runtime.task import run_in_child
from tasks.settings import home
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("evaluation", "1", ("transformers", "torch", "peft", "lm-eval"))
RECIPE = Recipe(STAGE, card)
DEPLOYMENT = "evaluate_model/evaluate_model"


def evaluate(splits: Ref, base: Ref, adapter: Ref | None, params: EvaluationParams, *, where: Where = "inline") -> Ref:
    """Measure the base model alone, or with the adapter of a training, here or on the GPU work pool."""
    store = Store()
    model = "tuned" if adapter else "base"

    def write(out: Path) -> Outcome:
        payload = {
            "splits": str(store.open(splits)),
            "model": str(model_folder(store.open(base))),
            "adapter": str(store.open(adapter) / "adapter") if adapter else None,
            "out": str(out),
            "cache": str(home() / "cache" / "datasets"),
            "params": params.model_dump(),
        }
        work = store.workdir(STAGE.name, out.name)
        scores = run_in_child("tasks.evaluation.child:main", payload, work, title=f"evaluation of the {model} model")
        counts = {"task_items": scores["task"]["n"], "general_items": scores["general"]["n"]}
        facts = {"device": scores["device"], "dtype": scores["dtype"], "adapter_loaded": scores["adapter_layers"]}
        return Outcome(counts=counts, facts=facts)

    inputs = {"splits": splits, "base": base} | ({"adapter": adapter} if adapter else {})
    # The bundled items decide the output as much as the splits do, and change with the package, not with a library.
    external = {"suite": suite_digest()} if NAME in params.general_tasks else {}
    remote = None
    if where == "pool":
        parameters = {
            "splits": splits.name,
            "base": base.name,
            "adapter": adapter.name if adapter else None,
            "evaluation": params.model_dump(mode="json"),
        }
        remote = Remote(DEPLOYMENT, parameters)
    label = f"{model} model, {', '.join(params.general_tasks)}"
    return run_stage(
        RECIPE, write, inputs=inputs, params=params, label=label, external=external, remote=remote, variant=model
    )

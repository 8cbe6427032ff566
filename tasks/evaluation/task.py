"""Prefect door of evaluation."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.evaluation.card import card
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.suite import NAME, suite_digest
from tasks.rendering.templates import TEMPLATE_FILE
from tasks.runtime.remote import Remote, Where
from tasks.runtime.task import run_in_child
from tasks.settings import home
from tasks.store.keys import Stage, file_digest
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("evaluation", "2", ("transformers", "torch", "peft", "lm-eval"))
RECIPE = Recipe(STAGE, card)
DEPLOYMENT = "evaluate_model/evaluate_model"


def evaluate(
    splits: Ref,
    base: Ref,
    rendering: Ref,
    adapter: Ref | None,
    params: EvaluationParams,
    *,
    where: Where = "inline",
) -> Ref:
    """Measure the base model alone, or with the adapter of a training, here or on the GPU work pool.

    Args:
        splits: The splitting stage's artefact.
        base: The base model.
        rendering: Gives the chat template that both models are asked with; nothing else of it matters.
        adapter: The training's artefact; None for the base alone.
        params: What is measured.
        where: Where the work runs.
    """
    store = Store()
    template = store.open(rendering)
    model = "tuned" if adapter else "base"

    def write(out: Path) -> Outcome:
        payload = {
            "splits": str(store.open(splits)),
            "model": str(model_folder(store.open(base))),
            "template": str(template),
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
    external["template"] = file_digest(template / TEMPLATE_FILE)
    remote = None
    if where == "pool":
        parameters = {
            "splits": splits.name,
            "base": base.name,
            "rendering": rendering.name,
            "adapter": adapter.name if adapter else None,
            "evaluation": params.model_dump(mode="json"),
        }
        remote = Remote(DEPLOYMENT, parameters)
    label = f"{model} model, {', '.join(params.general_tasks)}"
    return run_stage(
        RECIPE, write, inputs=inputs, params=params, label=label, external=external, remote=remote, variant=model
    )

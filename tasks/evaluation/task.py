"""Prefect door of evaluation."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.evaluation.card import card
from tasks.evaluation.constrain import FREE, load_schema, schema_digest
from tasks.evaluation.contamination import finding_digest
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.served import require_server
from tasks.evaluation.suite import NAME, suite_digest
from tasks.guardrails import probes as guardrails
from tasks.metrics import build as metrics
from tasks.rendering.templates import TEMPLATE_FILE
from tasks.runtime.remote import Remote, Where
from tasks.runtime.task import run_in_child
from tasks.settings import home
from tasks.store.keys import Stage, file_digest
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("evaluation", "3", ("transformers", "torch", "peft", "lm-eval", "llguidance", *metrics.LIBRARIES))
RECIPE = Recipe(STAGE, card)
DEPLOYMENT = "evaluate_model/evaluate_model"


def evaluate(
    splits: Ref,
    base: Ref,
    rendering: Ref,
    adapter: Ref | None,
    params: EvaluationParams,
    *,
    leakage: Ref | None = None,
    who: str = "",
    where: Where = "inline",
) -> Ref:
    """Measure the base model alone, or with the adapter of a training, here or on the GPU work pool.

    Args:
        splits: The splitting stage's artefact.
        base: The base model.
        rendering: Gives the chat template that both models are asked with; nothing else of it matters.
        adapter: The training's artefact; None for the base alone.
        params: What is measured.
        leakage: The leakage proof over the same splits, shown beside each benchmark; None: nothing is said of it.
        who: What the UI calls the model, such as `champion v3`; empty: base or tuned.
        where: Where the work runs.
    """
    store = Store()
    template = store.open(rendering)
    model = who or ("tuned" if adapter else "base")
    external = _external(params, template / TEMPLATE_FILE)

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "splits": str(store.open(splits)),
            "model": str(model_folder(store.open(base))),
            "template": str(template),
            "adapter": str(store.open(adapter) / "adapter") if adapter else None,
            "leakage": str(store.open(leakage)) if leakage else None,
            "out": str(out),
            "work": str(work),
            "cache": str(home() / "cache"),
            "params": params.model_dump(),
            "identity": {
                "stage": STAGE.version,
                "base": base.digest,
                "adapter": adapter.digest if adapter else None,
                "template": external["template"] if params.apply_chat_template else None,
            },
        }
        scores = run_in_child("tasks.evaluation.child:main", payload, work, title=f"evaluation of the {model} model")
        counts = {"task_items": scores["task"]["n"], "general_items": scores["general"]["n"]}
        if scores["guardrails"]:
            counts["probes"] = scores["guardrails"]["n"]
        facts = {
            "device": scores["device"],
            "dtype": scores["dtype"],
            "engine": scores["engine"],
            "adapter_loaded": scores["adapter_layers"],
        }
        return Outcome(counts=counts, facts=facts)

    inputs = {"splits": splits, "base": base}
    inputs |= {"adapter": adapter} if adapter else {}
    if leakage:
        # Of the proof, only what is shown beside the benchmarks: another near-duplicate limit asks no model again.
        external["contamination"] = finding_digest(store.open(leakage))
    remote = None
    if where == "pool":
        parameters = {
            "splits": splits.name,
            "base": base.name,
            "rendering": rendering.name,
            "adapter": adapter.name if adapter else None,
            "leakage": leakage.name if leakage else None,
            "evaluation": params.model_dump(mode="json"),
        }
        remote = Remote(DEPLOYMENT, parameters)
    label = f"{model} model, {', '.join(params.general_tasks)}"
    return run_stage(
        RECIPE, write, inputs=inputs, params=params, label=label, external=external, remote=remote, variant=model
    )


def _external(params: EvaluationParams, template: Path) -> dict[str, str]:
    """Return the digests of what decides the scores and is no artefact, by role."""
    # The bundled items decide the output as much as the splits do, and change with the package, not with a library.
    found = {"suite": suite_digest()} if NAME in params.general_tasks else {}
    found["template"] = file_digest(template)
    if params.constrained != FREE:
        found["schema"] = schema_digest(load_schema(params.constrained))
    if params.engine == "vllm":
        found["server"] = require_server().name
    return found | metrics.inputs(params.metrics) | guardrails.digests(params.guardrails)

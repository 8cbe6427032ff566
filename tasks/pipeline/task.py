"""How a run ends: released or rejected. The door of the pipeline, since an end is a Prefect state."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.runtime import flow_run
from prefect.states import Completed

from tasks.approval.params import ApprovalParams
from tasks.approval.task import ask_person
from tasks.errors import ArtifactError
from tasks.gating.task import read_verdict
from tasks.merging.params import MergingParams
from tasks.merging.task import merge
from tasks.pipeline.data import Stages
from tasks.pipeline.nightly import reason_to_skip
from tasks.pipeline.params import FinetuneParams
from tasks.promotion.params import PromotionParams
from tasks.promotion.task import promote
from tasks.reporting.task import report
from tasks.runtime.remote import Remote, Where
from tasks.runtime.task import run_remote
from tasks.serving.params import ServingParams
from tasks.serving.task import serve
from tasks.store.keys import KEY_LENGTH, digest_of
from tasks.store.refs import Ref
from tasks.store.store import Store

EXPORT_DEPLOYMENT = "export_model/export_model"


def run_name() -> str:
    """Return what a run does, for which model and on which data, as the runs page shows it."""
    given: dict[str, Any] = flow_run.parameters
    first, *more = [Path(name).name for name in given.get("files") or ["no files"]]
    data = f"{first} and {len(more)} more" if more else first
    return " ".join(part for part in (flow_run.flow_name, given.get("name"), "on", data) if part)


def export(
    base: Ref, training: Ref, splits: Ref, merging: MergingParams, serving: ServingParams, *, where: Where = "inline"
) -> Stages:
    """Merge and prove, make the serving directory and prove it; here or on the GPU work pool."""
    if where == "pool":
        parameters = {
            "base": base.name,
            "training": training.name,
            "splits": splits.name,
            "merging": merging.model_dump(mode="json"),
            "serving": serving.model_dump(mode="json"),
        }
        return _export_on_pool(Remote(EXPORT_DEPLOYMENT, parameters))
    merged = merge(base, training, splits, merging)
    return {"merging": merged, "serving": serve(merged, base, training, splits, serving)}


def _export_on_pool(remote: Remote) -> Stages:
    """Take the references that the GPU worker made: its server is part of what was proven, so the keys are its own."""

    def export() -> dict[str, str]:
        made: dict[str, str] = run_remote(remote)
        return made

    key = digest_of(remote.parameters)[:KEY_LENGTH]
    body = task(
        name="export",
        task_run_name="export on the gpu pool",
        persist_result=True,
        result_serializer="json",
        cache_key_fn=lambda _context, _arguments: f"export-{key}",
    )(export)
    try:
        return _resolve(body())
    except ArtifactError:
        return _resolve(body.with_options(refresh_cache=True)())


def _resolve(made: dict[str, str]) -> Stages:
    return {role: Store().resolve(name) for role, name in made.items()}


def finish(
    name: str,
    stages: Stages,
    merging: MergingParams,
    serving: ServingParams,
    release: PromotionParams,
    where: Where,
    approval: ApprovalParams,
) -> State[Any]:
    """Release what passed and, where asked for, was approved; end as `Rejected` what was not. There is always a report.

    Returns:
        A completed state named `Released`, `Unchanged` or `Rejected`; its data is JSON with `outcome`, `release`,
        `report`, `results`, `verdict` and `approval` (None when nobody was asked).
    """
    verdict = read_verdict(stages["gating"])
    passed, answer = verdict["outcome"] == "pass", None
    if passed:
        made = export(stages["base"], stages["training"], stages["splitting"], merging, serving, where=where)
        stages = stages | made
    if passed and approval.mode == "required":
        # Whoever decides reads the report first; the last one then tells of the decision.
        answer = ask_person(name, stages | {"reporting": report(name, stages)}, approval)
    decided = answer.model_dump(exclude={"run"}) if answer else None
    stages = stages | {"reporting": report(name, stages, decided)}
    page = Store().open(stages["reporting"])
    said = {
        "report": str(page / "report.html"),
        "results": str(page / "results.json"),
        "verdict": verdict,
        "approval": decided,
    }
    refusal = "" if passed else f"{verdict['outcome']}: {' '.join(verdict['reasons'])}"
    if answer and answer.decision == "reject":
        refusal = f"rejected by {answer.by}: {answer.reason or 'no reason given'}"
    if refusal:
        return Completed(name="Rejected", message=refusal, data={"outcome": "rejected", "release": None, **said})
    released = promote(name, stages, release, decided)
    shown = {"outcome": "released", "release": released.model_dump(mode="json"), **said}
    state = "Released" if released.made_now else "Unchanged"
    return Completed(name=state, message=f"{name} {released.version} at {released.path}", data=shown)


def skip_tonight(settings: FinetuneParams, late_after_hours: float) -> State[Any] | None:
    """Return a completed state named `Skipped` that says why, or None when there is something to do."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    # A run that has waited for a person is not late: the server keeps the time it was first planned for.
    waited = bool(run and run.empirical_policy.pause_keys)
    planned = run.expected_start_time if run and run.auto_scheduled and not waited else None
    reason = reason_to_skip(settings, planned, late_after_hours)
    data = {"outcome": "skipped", "release": None, "reason": reason}
    return Completed(name="Skipped", message=reason, data=data) if reason else None

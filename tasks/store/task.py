"""How a stage becomes a Prefect task: one key for cache and directory, retries for transient errors, a card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext
from prefect.tasks import Task, exponential_backoff

from tasks.errors import ArtifactError, is_transient
from tasks.runtime.remote import Remote
from tasks.runtime.task import run_remote
from tasks.store.cards import card_header
from tasks.store.keys import Stage, stage_key
from tasks.store.params import Params
from tasks.store.refs import Manifest, Outcome, Ref
from tasks.store.store import Store

RETRIES = 2


@dataclass(frozen=True)
class Recipe:
    """Everything that is the same for each run of one stage.

    Attributes:
        stage: Identity of the stage.
        card: Writes the run card (markdown) from the finished directory and its manifest.
    """

    stage: Stage
    card: Callable[[Path, Manifest], str]


def run_stage(
    recipe: Recipe,
    write: Callable[[Path], Outcome],
    *,
    inputs: Mapping[str, Ref],
    params: Params,
    label: str,
    external: Mapping[str, str] | None = None,
    remote: Remote | None = None,
    variant: str = "",
) -> Ref:
    """Run one stage as a Prefect task, or reuse its finished directory.

    Args:
        recipe: The stage and its card.
        write: Fills the stage's directory.
        inputs: References of the stages above, by role.
        params: The parameters that decide the output.
        label: Ends the task run's name: what is worked on, in an operator's words.
        external: Digests of inputs that are no artefacts (source files, an environment), by role.
        remote: Where to send the work instead of doing it in this process; the result lies in the same store.
        variant: Sets the card apart from the stage's other cards in the same run.

    Returns:
        The reference of the finished directory.
    """
    store = Store()
    stage = recipe.stage
    digests = {role: ref.digest for role, ref in inputs.items()} | dict(external or {})
    key = stage_key(stage, digests, params)
    known = store.find(stage.name, key)

    def stage_run(key: str, inputs: dict[str, Ref]) -> Ref:
        if remote is not None and known is None:
            run_remote(remote, result=False)
            if (ref := store.find(stage.name, key)) is None:
                raise ArtifactError(
                    f"the run of {remote.deployment} ended well but {stage.name}/{key} is not in {store.root}. The GPU "
                    "worker must share FINETUNE_FLOWS_HOME and the library versions of this worker."
                )
            return ref
        parents = {role: ref.name for role, ref in inputs.items()} | dict(external or {})
        return store.build(stage, key, write, parents=parents, params=params)

    made = _task(stage, stage_run, f"{stage.name}: {label}", key, refresh=known is None)(key, dict(inputs))
    # What Prefect remembers may be of an earlier build of the key, made again elsewhere since: the store says what is.
    ref = store.current(made)
    _publish_card(recipe, store, ref, variant, reused=known is not None)
    return ref


def _task(stage: Stage, body: Callable[..., Ref], run_name: str, key: str, *, refresh: bool) -> Task[Any, Ref]:
    decorate = task(
        name=stage.name,
        task_run_name=run_name.replace("{", "(").replace("}", ")"),
        tags=[f"stage:{stage.name}"],
        persist_result=True,
        result_serializer="json",
        cache_key_fn=lambda _context, _arguments: f"{stage.name}-{key}",
        refresh_cache=refresh,
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(5),
        retry_jitter_factor=0.5,
        retry_condition_fn=_worth_a_retry,
    )
    return decorate(body)


def _worth_a_retry(_task: Task[Any, Any], _task_run: TaskRun, state: State[Any]) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)


def _publish_card(recipe: Recipe, store: Store, ref: Ref, variant: str, *, reused: bool) -> None:
    if FlowRunContext.get() is None:
        return
    manifest = store.manifest(ref)
    directory = store.open(ref)
    text = card_header(manifest, directory, reused=reused) + recipe.card(directory, manifest)
    what = f"{recipe.stage.name} {variant}".strip()
    key = f"card-{what}".replace("_", "-").replace(" ", "-")
    create_markdown_artifact(markdown=text, key=key, description=f"Run card of {what}")

"""Child processes seen from a Prefect run: their progress shown, their end on cancellation."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from tasks.errors import FinetuneError
from tasks.runtime.parent import run_child
from tasks.runtime.remote import Remote

log = logging.getLogger(__name__)

ARTIFACT_EVERY_S = 5.0
WATCH_EVERY_S = 30.0
REMOTE_POLL_S = 2.0
AWAY_S = 10.0
REMIND_EVERY_S = 60.0
ENDED = frozenset({"CANCELLING", "CANCELLED", "CRASHED"})


def run_in_child(
    target: str, payload: Mapping[str, Any], workdir: Path, *, title: str, timeout_s: float | None = None
) -> Any:
    """Run a function in a child process (`tasks.runtime.parent.run_child`) with Prefect watching.

    Args:
        target: `package.module:function`.
        payload: JSON for the function.
        workdir: Scratch folder of the child, with its log.
        title: Names the work in the log and on the progress artefact.
        timeout_s: Wall-clock limit, seconds.
    """
    progress = _Progress(title)
    return run_child(
        target, payload, workdir, on_progress=progress.report, should_stop=_Watch().ended, timeout_s=timeout_s
    )


class _Progress:
    """Logs every event; updates the progress artefact at most every few seconds, and never fails because of it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.artifact: UUID | None = None
        self.updated = 0.0

    def report(self, event: dict[str, Any]) -> None:
        log.info("%s: %s", self.title, event["message"])
        if FlowRunContext.get() is None or not event["total"] or time.monotonic() - self.updated < ARTIFACT_EVERY_S:
            return
        self.updated = time.monotonic()
        percent = min(100.0, 100.0 * event["done"] / event["total"])
        try:
            if self.artifact is None:
                created = create_progress_artifact(progress=percent, description=self.title)
                self.artifact = created if isinstance(created, UUID) else None
            else:
                update_progress_artifact(artifact_id=self.artifact, progress=percent)
        except Exception as error:  # noqa: BLE001 - a server that is away must not stop a training that runs
            log.warning("the progress of %s could not be shown: %s", self.title, error)


class _Watch:
    """Asks the server now and then whether the run was ended there: a dead worker tells nobody."""

    def __init__(self) -> None:
        context = FlowRunContext.get()
        self.run_id = context.flow_run.id if context and context.flow_run else None
        self.asked = time.monotonic()

    def ended(self) -> bool:
        if self.run_id is None or time.monotonic() - self.asked < WATCH_EVERY_S:
            return False
        self.asked = time.monotonic()
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(self.run_id).state
        except ObjectNotFound:
            return True
        except Exception as error:  # noqa: BLE001 - a server that is away is no reason to stop
            log.warning("the server could not be asked about this run: %s", error)
            return False
        return state is not None and state.type.value in ENDED


def run_remote(remote: Remote, *, result: bool = True) -> Any:
    """Run a deployment, wait for it and return its result; cancel it when this run is cancelled.

    Args:
        remote: What to run.
        result: Read the result from the result storage, which all workers share; else return None.

    Raises:
        FinetuneError: The run over there did not complete, or its result cannot be read; the message names it.
    """
    flow_run: FlowRun | None = None
    try:
        flow_run = cast(FlowRun, run_deployment(remote.deployment, parameters=remote.parameters, timeout=0))
        log.info("%s: run '%s' started on its own work pool", remote.deployment, flow_run.name)
        state = _wait(flow_run.id)
    except BaseException:
        # The server would end the child run only later, and not at all when this process dies: say it now.
        if flow_run is not None:
            _cancel(flow_run.id)
        raise
    if not state.is_completed():
        raise FinetuneError(
            f"run '{flow_run.name}' of {remote.deployment} ended as {state.name}: {state.message}. Its page in the UI "
            "has the log; start this flow again when the cause is gone."
        )
    if not result:
        return None
    try:
        return state.result()
    except Exception as error:
        raise FinetuneError(
            f"run '{flow_run.name}' of {remote.deployment} completed, but its result cannot be read here: {error}. All "
            "workers must share PREFECT_RESULTS_LOCAL_STORAGE_PATH; set it alike and start this flow again."
        ) from error


def _wait(run_id: UUID) -> State[Any]:
    """Return the state a run ends in; a server that is away for a while is no reason to give its work up."""
    reminded = time.monotonic()
    while True:
        state: State[Any] | None = None
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(run_id).state
        except ObjectNotFound:
            raise FinetuneError(f"the run {run_id} was deleted on the server while it was waited for") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, the run over there goes on
            log.warning("the server could not be asked about the run %s, which goes on: %s", run_id, error)
            time.sleep(AWAY_S)
        if state is not None and state.is_final():
            return state
        if time.monotonic() - reminded >= REMIND_EVERY_S:
            reminded = time.monotonic()
            where = "is there a worker for its pool?" if state and state.is_scheduled() else "it goes on"
            log.info("waiting for the run %s (%s): %s", run_id, state.name if state else "not known", where)
        time.sleep(REMOTE_POLL_S)


def _cancel(run_id: UUID) -> None:
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run_id, Cancelling(message="the run that started this one has ended"))
    except Exception as error:  # noqa: BLE001 - what ended this run is what must be told
        log.warning("the run %s could not be cancelled: %s. Cancel it in the UI.", run_id, error)

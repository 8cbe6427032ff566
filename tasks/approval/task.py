"""Prefect door of the human gate."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count

from prefect import suspend_flow_run
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.events.actions import ResumeFlowRun
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.input import RunInput
from pydantic import Field

from tasks.approval.answers import Answer, Decision, answer_of, candidate_of, complaint, keep, kept, question
from tasks.approval.params import ApprovalParams
from tasks.errors import ConfigError
from tasks.gating.task import read_verdict
from tasks.store.refs import Ref
from tasks.store.store import Store

# The server fails a suspended run that is past its time. It is resumed before that, to end as rejected, with a report.
GRACE_S = 15 * 60


class ReleaseDecision(RunInput):
    """The form of the human gate; left as it is, it rejects."""

    decision: Decision = Field("reject", title="Decision", description="approve: it is released and serves.")
    by: str = Field(
        "", title="Your name", description="Kept in the release. The server knows no users.", max_length=200
    )
    reason: str = Field("", title="Reason", description="Kept in the release and the report.", max_length=2_000)


def check_approval(approval: ApprovalParams) -> None:
    """Refuse a run that would have to wait for a person and cannot.

    Raises:
        ConfigError: An approval is required of a run that cannot be suspended.
    """
    if approval.mode == "required":
        _waiting_run()


def _waiting_run() -> FlowRun:
    """Return the present run, which can be suspended: it was started from a deployment, and by no other run."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run and run.deployment_id and not run.parent_task_run_id:
        return run
    raise ConfigError(
        "approval.mode is 'required', but this run has no deployment, and only a deployed run can wait for a person. "
        "Run `make ui` and start the deployment `finetune` there, or set approval.mode to 'off'."
    )


def ask_person(name: str, stages: Mapping[str, Ref], approval: ApprovalParams) -> Answer:
    """Return what a person decided about the model of these stages; until there is an answer, suspend the run.

    A suspended run keeps no process and no slot. When it is resumed it starts from the top: every stage is reused, and
    it comes by here again, where the answer then is.

    Args:
        name: The model's name.
        stages: All stages of the candidate, its report among them.
        approval: How long to wait.
    """
    run, candidate = _waiting_run(), candidate_of(stages)
    if (answer := kept(name, candidate, str(run.id))) is not None:
        return answer
    report = Store().open(stages["reporting"]) / "report.html"
    verdict, said_before = read_verdict(stages["gating"]), ""
    deadline = _deadline(run, approval)
    timeout = int(approval.timeout_hours * 3600) + GRACE_S
    for attempt in count():
        form = ReleaseDecision.with_initial_data(description=question(name, verdict, report, approval, said_before))
        said = suspend_flow_run(wait_for_input=form, timeout=timeout, key=f"release-{candidate}-{attempt}")
        if not (said_before := complaint(said.decision, said.by, said.reason)):
            break
    _end(deadline)
    answer = answer_of(said.decision, said.by, said.reason, run=str(run.id), params=approval)
    return keep(name, candidate, answer)


def _deadline(run: FlowRun, approval: ApprovalParams) -> str:
    """Have the server resume the run with an empty form, which rejects, when the time is over; return what does so."""
    name = f"end of the time to answer for {run.id}"
    trigger = EventTrigger(
        match={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        for_each={"prefect.resource.id"},
        after={"prefect.flow-run.Suspended"},
        expect={"prefect.flow-run.Resuming", "prefect.flow-run.Cancelled", "prefect.flow-run.Failed"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(hours=approval.timeout_hours),
    )
    automation = AutomationCore(
        name=name,
        description=f"Rejects the model of the run '{run.name}' when nobody has answered in time.",
        trigger=trigger,
        actions=[ResumeFlowRun()],
    )
    with get_client(sync_client=True) as client:
        if not client.read_automations_by_name(name):
            client.create_automation(automation)
    return name


def _end(deadline: str) -> None:
    with get_client(sync_client=True) as client:
        for automation in client.read_automations_by_name(deadline):
            client.delete_automation(automation.id)

"""The human gate on a real server: suspended, resumed, asked again, timed out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow

from tasks.approval.params import ApprovalParams
from tasks.approval.task import ask_person, check_approval
from tasks.errors import ConfigError
from tasks.store.refs import Ref

pytestmark = pytest.mark.usefixtures("server")

REQUIRED = ApprovalParams(mode="required", timeout_hours=2)


@pytest.fixture
def stages(make_ref: Callable[..., Ref]) -> dict[str, Ref]:
    verdict = {"outcome": "pass", "rows": [], "reasons": ["task gain: +0.4"]}
    return {
        "gating": make_ref("gating", {"verdict.json": json.dumps(verdict)}),
        "reporting": make_ref("reporting", {"report.html": "<p>"}),
    }


class Deployed:
    """A deployed flow, run in this process as a worker would run it."""

    def __init__(self, stages: dict[str, Ref], name: str) -> None:
        @flow(name=f"asks-for-{name}", persist_result=True, result_serializer="json")
        def asks() -> dict[str, Any]:
            return ask_person(name, stages, REQUIRED).model_dump()

        self.flow = asks
        with get_client(sync_client=True) as client:
            self.deployment = client.create_deployment(client.create_flow(asks), name)

    def new(self) -> FlowRun:
        with get_client(sync_client=True) as client:
            return client.create_flow_run_from_deployment(self.deployment)

    def go(self, run: FlowRun) -> Any:
        """Run it from the top; None when it is suspended."""
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(run.id)
        try:
            return run_flow(self.flow, flow_run=run)
        except Pause:
            return None

    def resume(self, run: FlowRun, **form: str) -> None:
        with get_client(sync_client=True) as client:
            assert client.read_flow_run(run.id).state.name == "Suspended"
            assert client.resume_flow_run(run.id, run_input=form or None).status.value == "ACCEPT"


def deadlines() -> list[str]:
    with get_client(sync_client=True) as client:
        return [each.name for each in client.read_automations()]


def test_an_approval_ends_the_wait_and_is_not_asked_for_again(stages: dict[str, Ref], home: Any) -> None:
    deployed = Deployed(stages, "approved")
    run = deployed.new()
    assert deployed.go(run) is None
    assert [name for name in deadlines() if str(run.id) in name], "the server must end the wait"
    deployed.resume(run, decision="approve", by="Ada", reason="read the report")
    said = deployed.go(run)
    assert (said["decision"], said["by"], said["reason"], said["run"]) == (
        "approve",
        "Ada",
        "read the report",
        str(run.id),
    )
    assert not [name for name in deadlines() if str(run.id) in name]
    # Another run of the same content: the person has spoken.
    assert deployed.go(deployed.new()) == said


def test_an_approval_without_a_reason_is_asked_for_again(stages: dict[str, Ref]) -> None:
    deployed = Deployed(stages, "asked-again")
    run = deployed.new()
    assert deployed.go(run) is None
    deployed.resume(run, decision="approve", by="Ada")
    assert deployed.go(run) is None
    deployed.resume(run, decision="approve", by="Ada", reason="now with a reason")
    assert deployed.go(run)["reason"] == "now with a reason"


def test_a_rejection_holds_in_its_run_and_another_run_asks_anew(stages: dict[str, Ref]) -> None:
    deployed = Deployed(stages, "rejected")
    run = deployed.new()
    deployed.go(run)
    deployed.resume(run, decision="reject", by="Ada", reason="worse on dates")
    assert deployed.go(run)["decision"] == "reject"
    assert deployed.go(deployed.new()) is None


def test_a_run_that_the_server_resumes_at_the_end_of_the_time_is_rejected(stages: dict[str, Ref]) -> None:
    deployed = Deployed(stages, "timed-out")
    run = deployed.new()
    deployed.go(run)
    deployed.resume(run)
    said = deployed.go(run)
    assert (said["decision"], said["by"], said["reason"]) == ("reject", "nobody", "not approved within 2 hours")


def test_the_server_resumes_the_run_after_the_time_that_was_given(stages: dict[str, Ref]) -> None:
    deployed = Deployed(stages, "deadline")
    run = deployed.new()
    deployed.go(run)
    with get_client(sync_client=True) as client:
        (automation,) = [each for each in client.read_automations() if str(run.id) in each.name]
        state = client.read_flow_run(run.id).state
    assert automation.trigger.within.total_seconds() == 2 * 3600
    assert automation.trigger.after == {"prefect.flow-run.Suspended"}
    assert [action.type for action in automation.actions] == ["resume-flow-run"]
    # Should nothing resume it, the server fails it a little later: it is not released either way.
    waits = (state.state_details.pause_timeout - state.timestamp).total_seconds()
    assert 2 * 3600 < waits < 3 * 3600


def test_a_run_without_a_deployment_is_refused_before_it_starts() -> None:
    @flow
    def by_hand() -> str:
        check_approval(ApprovalParams())
        with pytest.raises(ConfigError, match="make ui"):
            check_approval(REQUIRED)
        return "refused"

    assert by_hand() == "refused"
    with pytest.raises(ConfigError, match=r"approval\.mode"):
        check_approval(REQUIRED)

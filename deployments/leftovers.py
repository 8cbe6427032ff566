"""Runs that nobody works on any more: `python -m deployments.leftovers REASON`.

Only for a server whose workers have all ended, as that of `make ui` at its start and end. A run left as Running would
hold the GPU pool's one slot for ever; as Crashed it frees it, and Retry in the UI takes it up again.
"""

import sys


def crash_leftovers(reason: str) -> list[str]:
    """Set every run that seems to be at work to Crashed; return their names."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    at_work = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    wanted = FlowRunFilter(state=FlowRunFilterState(type=at_work))
    names: list[str] = []
    with get_client(sync_client=True) as client:
        while runs := client.read_flow_runs(flow_run_filter=wanted, limit=200):
            for run in runs:
                client.set_flow_run_state(run.id, Crashed(message=reason), force=True)
                names.append(run.name)
    return names


if __name__ == "__main__":
    for name in crash_leftovers(sys.argv[1]):
        sys.stdout.write(f"run '{name}' is marked as crashed: {sys.argv[1]}\n")

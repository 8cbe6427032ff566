"""Back to the champion before this one."""

from typing import Any

from prefect import flow

from tasks.promotion.task import rollback_champion


@flow(name="rollback_model", flow_run_name="roll back {name}", persist_result=True, result_serializer="json")
def rollback_model(name: str, to: str = "", reason: str = "") -> dict[str, Any]:
    """Point back to the champion before this one, or to a named version.

    Args:
        name: Model name.
        to: Version to go back to; empty for the champion before this one.
        reason: Reason. Kept in the history of the champion.
    """
    return rollback_champion(name, to, reason).model_dump(mode="json")

"""An existing release becomes the champion."""

from typing import Any

from prefect import flow

from tasks.promotion.task import promote_release


@flow(name="promote_model", flow_run_name="promote {name} {version}", persist_result=True, result_serializer="json")
def promote_model(name: str, version: str, reason: str = "") -> dict[str, Any]:
    """Make a release the champion; each of its files is checked first.

    Args:
        name: Model name.
        version: Version, such as v3; the command `finetune-flows show NAME` lists them.
        reason: Reason. Kept in the history of the champion.
    """
    return promote_release(name, version, reason).model_dump(mode="json")

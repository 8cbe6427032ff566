"""Every night: train again when there is a reason to."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.finetune import finetune
from tasks.pipeline.params import FinetuneParams
from tasks.pipeline.task import skip_tonight


@flow(name="nightly_retrain", flow_run_name="nightly {settings.name}", persist_result=True, result_serializer="json")
def nightly_retrain(settings: FinetuneParams = FinetuneParams(), late_after_hours: float = 6.0) -> State[Any]:
    """Do what `finetune` does, when the data or the parameters are not those of the champion.

    The stages run in this run itself, since a run within another one could not wait for a person's approval.

    Args:
        settings: Fine-tuning. The parameters of the flow `finetune`.
        late_after_hours: Late after (hours). A night that could not start for so long is skipped.
    """
    skipped = skip_tonight(settings, late_after_hours)
    return skipped or finetune.fn(**dict(settings))

"""One adapter from rendered data."""

from prefect import flow

from tasks.store.store import Store
from tasks.training.params import TrainingParams
from tasks.training.task import train


@flow(name="train_adapter", flow_run_name="train {rendering}", persist_result=True, result_serializer="json")
def train_adapter(rendering: str, base: str, training: TrainingParams = TrainingParams()) -> str:
    """Train an adapter on rows that are ready.

    Args:
        rendering: Rendered data. Its reference, as its run card shows it: rendering/KEY.
        base: Base model. Its reference: base/KEY.
        training: Training: method, size and pace.
    """
    store = Store()
    return train(store.resolve(rendering), store.resolve(base), training).name

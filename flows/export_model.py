"""A trained adapter to a directory that vLLM serves."""

from prefect import flow

from tasks.merging.params import MergingParams
from tasks.pipeline.task import export
from tasks.serving.params import ServingParams
from tasks.store.store import Store


@flow(name="export_model", flow_run_name="export {training}", persist_result=True, result_serializer="json")
def export_model(
    base: str,
    training: str,
    splits: str,
    merging: MergingParams = MergingParams(),
    serving: ServingParams = ServingParams(),
) -> dict[str, str]:
    """Merge, prove the merge, write the serving directory, prove it on a live server.

    Args:
        base: Base model. Its reference, as its run card shows it: base/KEY.
        training: Training. Its reference: training/KEY.
        splits: Splits. Their reference: splitting/KEY; probe prompts come from them.
        merging: Merge: limits of the parity proof.
        serving: Serving: the vLLM directory and its proof.
    """
    store = Store()
    stages = export(store.resolve(base), store.resolve(training), store.resolve(splits), merging, serving)
    return {role: ref.name for role, ref in stages.items()}

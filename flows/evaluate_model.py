"""Scores of a model."""

from prefect import flow

from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.task import evaluate
from tasks.store.store import Store


@flow(name="evaluate_model", flow_run_name="evaluate {base} {adapter}", persist_result=True, result_serializer="json")
def evaluate_model(
    splits: str,
    base: str,
    rendering: str,
    adapter: str | None = None,
    leakage: str | None = None,
    evaluation: EvaluationParams = EvaluationParams(),
) -> str:
    """Measure a model on the task's test and on general ability.

    Args:
        splits: Splits. Their reference, as their run card shows it: splitting/KEY.
        base: Base model. Its reference: base/KEY.
        rendering: Rendering. Its reference: rendering/KEY; its chat template is the one the model is asked with.
        adapter: Training. Its reference: training/KEY; empty for the base model alone.
        leakage: Leakage. Its reference: leakage/KEY, of the same splits; empty: nothing is said beside the benchmarks.
        evaluation: Evaluation: what is measured.
    """
    store = Store()
    trained = store.resolve(adapter) if adapter else None
    proof = store.resolve(leakage) if leakage else None
    asked = (store.resolve(splits), store.resolve(base), store.resolve(rendering))
    return evaluate(*asked, trained, evaluation, leakage=proof).name

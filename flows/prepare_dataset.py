"""Only the data stages: what would be trained on?"""

from prefect import flow

from tasks.base.params import BaseParams
from tasks.dedup.params import DedupParams
from tasks.evaluation.params import EvaluationParams
from tasks.ingest.params import IngestParams
from tasks.leakage.params import LeakageParams
from tasks.mixing.params import MixingParams
from tasks.pipeline.data import DataParams, prepare_data
from tasks.pipeline.params import DEMO_FILES, DEMO_HELDOUT
from tasks.pipeline.task import run_name
from tasks.quality.params import QualityParams
from tasks.screening.params import ScreeningParams
from tasks.splitting.params import SplittingParams


@flow(name="prepare_dataset", flow_run_name=run_name, persist_result=True, result_serializer="json")
def prepare_dataset(
    files: tuple[str, ...] = DEMO_FILES,
    heldout_files: tuple[str, ...] = DEMO_HELDOUT,
    ingest: IngestParams = IngestParams(),
    screening: ScreeningParams = ScreeningParams(),
    dedup: DedupParams = DedupParams(),
    quality: QualityParams = QualityParams(),
    mixing: MixingParams = MixingParams(),
    splitting: SplittingParams = SplittingParams(),
    leakage: LeakageParams = LeakageParams(),
    base: BaseParams = BaseParams(),
    evaluation: EvaluationParams = EvaluationParams(),
) -> dict[str, str]:
    """Read, clean, deduplicate, mix and split; nothing is trained.

    Args:
        files: Data files. Files, folders or patterns such as data/*.jsonl, below an allowed input folder.
        heldout_files: Held-out test files. Never trained on.
        ingest: Reading: how files are read and which rows are put aside.
        screening: Screening: personal data, secrets and refusals in the rows.
        dedup: Duplicates: which rows count as the same.
        quality: Quality: what is measured on the rows, and what stops.
        mixing: General data: keeps what the model could do before.
        splitting: Splits: train, validation and test.
        leakage: Leakage: what must not be in two splits.
        base: Base model: whose tokens are counted where the share of general data is one of tokens.
        evaluation: Evaluation: its general tasks are the benchmarks that no training row may hold.
    """
    params = DataParams(
        ingest=ingest,
        screening=screening,
        dedup=dedup,
        quality=quality,
        mixing=mixing,
        splitting=splitting,
        leakage=leakage,
    )
    stages = prepare_data(files, heldout_files, params, base, evaluation)
    return {role: ref.name for role, ref in stages.items()}

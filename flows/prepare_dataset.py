"""Only the data stages: what would be trained on?"""

from prefect import flow

from tasks.dedup.params import DedupParams
from tasks.ingest.params import IngestParams
from tasks.mixing.params import MixingParams
from tasks.pipeline.data import prepare_data
from tasks.pipeline.params import DEMO_FILES, DEMO_HELDOUT
from tasks.pipeline.task import run_name
from tasks.splitting.params import SplittingParams


@flow(name="prepare_dataset", flow_run_name=run_name, persist_result=True, result_serializer="json")
def prepare_dataset(
    files: tuple[str, ...] = DEMO_FILES,
    heldout_files: tuple[str, ...] = DEMO_HELDOUT,
    ingest: IngestParams = IngestParams(),
    dedup: DedupParams = DedupParams(),
    mixing: MixingParams = MixingParams(),
    splitting: SplittingParams = SplittingParams(),
) -> dict[str, str]:
    """Read, clean, deduplicate, mix and split; nothing is trained.

    Args:
        files: Data files. Files, folders or patterns such as data/*.jsonl, below an allowed input folder.
        heldout_files: Held-out test files. Never trained on.
        ingest: Reading: how files are read and which rows are put aside.
        dedup: Duplicates: which rows count as the same.
        mixing: General data: keeps what the model could do before.
        splitting: Splits: train, validation and test.
    """
    stages = prepare_data(files, heldout_files, ingest, dedup, mixing, splitting)
    return {role: ref.name for role, ref in stages.items()}

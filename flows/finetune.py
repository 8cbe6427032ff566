"""Raw examples to a released model."""

from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from tasks.approval.params import ApprovalParams
from tasks.approval.task import check_approval
from tasks.base.params import BaseParams
from tasks.dedup.params import DedupParams
from tasks.evaluation.params import EvaluationParams
from tasks.gating.params import GatingParams
from tasks.ingest.params import IngestParams
from tasks.leakage.params import LeakageParams
from tasks.merging.params import MergingParams
from tasks.mixing.params import MixingParams
from tasks.pipeline.data import DataParams, prepare_data
from tasks.pipeline.params import DEMO_FILES, DEMO_HELDOUT, NAME_PATTERN
from tasks.pipeline.preflight import preflight
from tasks.pipeline.task import finish, run_name
from tasks.pipeline.tune import tune
from tasks.promotion.params import PromotionParams
from tasks.quality.params import QualityParams
from tasks.rendering.params import RenderingParams
from tasks.screening.params import ScreeningParams
from tasks.serving.params import ServingParams
from tasks.splitting.params import SplittingParams
from tasks.training.params import TrainingParams


@flow(name="finetune", flow_run_name=run_name, persist_result=True, result_serializer="json")
def finetune(
    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "shipping-mails",
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
    rendering: RenderingParams = RenderingParams(),
    training: TrainingParams = TrainingParams(),
    evaluation: EvaluationParams = EvaluationParams(),
    gating: GatingParams = GatingParams(),
    merging: MergingParams = MergingParams(),
    serving: ServingParams = ServingParams(),
    release: PromotionParams = PromotionParams(),
    approval: ApprovalParams = ApprovalParams(),
    gpu_stages: Literal["inline", "pool"] = "inline",
) -> State[Any]:
    """Clean, split, train, measure, judge, merge, prove and release; reuse every stage whose input has not changed.

    Args:
        name: Model name. Releases are kept under it: lower case, digits, dashes.
        files: Data files. Files, folders or patterns such as data/*.jsonl, below an allowed input folder.
        heldout_files: Held-out test files. The test that decides; without any, the test split of the data does.
        ingest: Reading: how files are read and which rows are put aside.
        screening: Screening: personal data, secrets and refusals in the rows.
        dedup: Duplicates: which rows count as the same.
        quality: Quality: what is measured on the rows, and what stops.
        mixing: General data: keeps what the model could do before.
        splitting: Splits: train, validation and test.
        leakage: Leakage: what must not be in two splits.
        base: Base model: what is tuned.
        rendering: Tokens: template and length of rendered rows.
        training: Training: method, size and pace.
        evaluation: Evaluation: what is measured.
        gating: Gate: what a model must show to be released.
        merging: Merge: limits of the parity proof.
        serving: Serving: the vLLM directory and its proof.
        release: Release: when the new model takes over.
        approval: Approval: whether a person decides at the end.
        gpu_stages: inline runs all on this worker; pool sends training, evaluation and export to the gpu work pool.
    """
    check_approval(approval)
    preflight([files, heldout_files], mixing, base, rendering, evaluation, gating, serving, release, gpu_stages)
    params = DataParams(
        ingest=ingest,
        screening=screening,
        dedup=dedup,
        quality=quality,
        mixing=mixing,
        splitting=splitting,
        leakage=leakage,
    )
    data = prepare_data(files, heldout_files, params, base, evaluation)
    stages = tune(name, data, base, rendering, training, evaluation, gating, serving, gpu_stages)
    return finish(name, stages, merging, serving, release, gpu_stages, approval)

"""All parameters of a fine-tuning run in one model: what a profile file holds and what nightly runs are given."""

from typing import Literal

from tasks.approval.params import ApprovalParams
from tasks.base.params import BaseParams
from tasks.dedup.params import DedupParams
from tasks.evaluation.params import EvaluationParams
from tasks.gating.params import GatingParams
from tasks.ingest.params import IngestParams
from tasks.leakage.params import LeakageParams
from tasks.merging.params import MergingParams
from tasks.mixing.params import MixingParams
from tasks.promotion.params import PromotionParams
from tasks.quality.params import QualityParams
from tasks.rendering.params import RenderingParams
from tasks.screening.params import ScreeningParams
from tasks.serving.params import ServingParams
from tasks.splitting.params import SplittingParams
from tasks.store.params import Params, positioned
from tasks.training.params import TrainingParams

DEMO_FILES = (
    "deployments/demo/data/mails-chat.jsonl",
    "deployments/demo/data/mails-desk.csv",
    "deployments/demo/data/mails-archive.json",
)
DEMO_HELDOUT = ("deployments/demo/data/heldout.jsonl",)
NAME_PATTERN = "^[a-z0-9][a-z0-9-]{0,62}$"


class FinetuneParams(Params):
    """The parameters of the flow `finetune`; the flow's form shows the same fields."""

    name: str = positioned(
        "shipping-mails",
        0,
        "Model name",
        "Releases are kept under this name: lower case, digits, dashes.",
        pattern=NAME_PATTERN,
    )
    files: tuple[str, ...] = positioned(
        DEMO_FILES, 1, "Data files", "Files, folders or patterns such as data/*.jsonl, below an allowed input folder."
    )
    heldout_files: tuple[str, ...] = positioned(
        DEMO_HELDOUT, 2, "Held-out test files", "The test that decides; without any, the test split of the data does."
    )
    ingest: IngestParams = positioned(IngestParams(), 3, "Reading", "How files are read and which rows are put aside.")
    screening: ScreeningParams = positioned(
        ScreeningParams(), 4, "Screening", "Personal data, secrets and refusals in the rows."
    )
    dedup: DedupParams = positioned(DedupParams(), 5, "Duplicates", "Which rows count as the same.")
    quality: QualityParams = positioned(QualityParams(), 6, "Quality", "What is measured on the rows, and what stops.")
    mixing: MixingParams = positioned(MixingParams(), 7, "General data", "Keeps what the model could do before.")
    splitting: SplittingParams = positioned(SplittingParams(), 8, "Splits", "Train, validation and test.")
    leakage: LeakageParams = positioned(LeakageParams(), 9, "Leakage", "What must not be in two splits.")
    base: BaseParams = positioned(BaseParams(), 10, "Base model", "What is tuned.")
    rendering: RenderingParams = positioned(RenderingParams(), 11, "Tokens", "Template and length of rendered rows.")
    training: TrainingParams = positioned(TrainingParams(), 12, "Training", "Method, size and pace.")
    evaluation: EvaluationParams = positioned(EvaluationParams(), 13, "Evaluation", "What is measured.")
    gating: GatingParams = positioned(GatingParams(), 14, "Gate", "What a model must show to be released.")
    merging: MergingParams = positioned(MergingParams(), 15, "Merge", "Limits of the parity proof.")
    serving: ServingParams = positioned(ServingParams(), 16, "Serving", "The vLLM directory and its proof.")
    release: PromotionParams = positioned(PromotionParams(), 17, "Release", "When the new model takes over.")
    approval: ApprovalParams = positioned(ApprovalParams(), 18, "Approval", "Whether a person decides at the end.")
    gpu_stages: Literal["inline", "pool"] = positioned(
        "inline",
        19,
        "GPU stages",
        "inline: on the worker that runs this flow. pool: training, evaluation and export on the gpu work pool.",
    )

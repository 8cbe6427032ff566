"""The data stages in their order."""

from collections.abc import Sequence

from tasks.base.params import BaseParams
from tasks.base.task import prepare_base
from tasks.dedup.params import DedupParams
from tasks.dedup.task import dedup
from tasks.evaluation.benchmarks import benchmark_items
from tasks.evaluation.params import EvaluationParams
from tasks.ingest.collect import Origin
from tasks.ingest.params import IngestParams
from tasks.ingest.task import ingest
from tasks.leakage.params import LeakageParams
from tasks.leakage.task import prove_no_leakage
from tasks.mixing.params import MixingParams
from tasks.mixing.task import mix
from tasks.quality.params import QualityParams
from tasks.quality.task import assess
from tasks.reporting.accounting import RAW_ROLES, SCREENED_ROLES
from tasks.reporting.task import account
from tasks.screening.params import ScreeningParams
from tasks.screening.task import screen
from tasks.settings import home
from tasks.splitting.params import SplittingParams
from tasks.splitting.task import split
from tasks.store.params import Params
from tasks.store.refs import Ref

Stages = dict[str, Ref]


class DataParams(Params):
    """Parameters of all data stages together."""

    ingest: IngestParams
    screening: ScreeningParams
    dedup: DedupParams
    quality: QualityParams
    mixing: MixingParams
    splitting: SplittingParams
    leakage: LeakageParams


def prepare_data(
    files: Sequence[str],
    heldout_files: Sequence[str],
    params: DataParams,
    base: BaseParams,
    evaluation: EvaluationParams,
) -> Stages:
    """Run the data stages and return their references by role.

    Args:
        files: Data files.
        heldout_files: Held-out test files.
        params: What each stage does.
        base: The base model, whose tokens the share of general data may be counted in.
        evaluation: Its general tasks are the benchmarks that no training row may hold.
    """
    stages: Stages = {}
    task = _read(stages, "task", files, params)
    heldout = _read(stages, "heldout", heldout_files, params) if heldout_files else None
    general = _read(stages, "general", params.mixing.files, params) if params.mixing.share else None
    stages["dedup"] = dedup(task, params.dedup)
    stages["quality"] = assess(stages["ingest"], task, stages["dedup"], params.quality)
    if params.mixing.share and params.mixing.share_by == "tokens":
        stages["base"] = prepare_base(base)
    stages["mixing"] = mix(stages["dedup"], general, params.mixing, stages.get("base"))
    stages["splitting"] = split(stages["mixing"], heldout, params.splitting)
    benchmarks = benchmark_items(
        evaluation.general_tasks, home() / "cache" / "benchmarks", run_model_code=evaluation.run_model_code
    )
    stages["leakage"] = prove_no_leakage(stages["splitting"], benchmarks, params.leakage)
    account(stages)
    return stages


def _read(stages: Stages, origin: Origin, files: Sequence[str], params: DataParams) -> Ref:
    """Read and screen the files of one origin, note both references, and return the screened one."""
    raw = stages[RAW_ROLES[origin]] = ingest(files, params.ingest, origin=origin)
    variant = "" if origin == "task" else origin
    screened = stages[SCREENED_ROLES[origin]] = screen(raw, params.screening, variant=variant)
    return screened

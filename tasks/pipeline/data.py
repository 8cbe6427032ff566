"""The data stages in their order."""

from collections.abc import Sequence

from tasks.dedup.params import DedupParams
from tasks.dedup.task import dedup
from tasks.ingest.params import IngestParams
from tasks.ingest.task import ingest
from tasks.mixing.params import MixingParams
from tasks.mixing.task import mix
from tasks.splitting.params import SplittingParams
from tasks.splitting.task import split
from tasks.store.refs import Ref

Stages = dict[str, Ref]


def prepare_data(
    files: Sequence[str],
    heldout_files: Sequence[str],
    reading: IngestParams,
    duplicates: DedupParams,
    mixing: MixingParams,
    splitting: SplittingParams,
) -> Stages:
    """Run the data stages and return their references by role; `splitting` is the last."""
    stages = {"ingest": ingest(files, reading, origin="task")}
    if heldout_files:
        stages["heldout"] = ingest(heldout_files, reading, origin="heldout")
    if mixing.share:
        stages["general"] = ingest(mixing.files, reading, origin="general")
    stages["dedup"] = dedup(stages["ingest"], duplicates)
    stages["mixing"] = mix(stages["dedup"], stages.get("general"), mixing)
    stages["splitting"] = split(stages["mixing"], stages.get("heldout"), splitting)
    return stages

"""Prefect door of ingest."""

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tasks.errors import DataError
from tasks.ingest.budget import problem_with
from tasks.ingest.card import card
from tasks.ingest.collect import QUARANTINE, Origin, collect
from tasks.ingest.params import IngestParams
from tasks.ingest.sources import find_sources
from tasks.store.keys import Stage, digest_of
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("ingest", "2", ("orjson", "pyarrow", "py3langid"))
RECIPE = Recipe(STAGE, card)


def ingest(files: Sequence[str], params: IngestParams, *, origin: Origin) -> Ref:
    """Read raw files into records of one schema; rows that cannot be used go to quarantine.

    Args:
        files: Names of files, globs and folders, absolute or relative to the project, and URLs of remote ones.
        params: Format and allowed shares of bad rows.
        origin: Written to each record: what the rows are for.
    """
    sources = find_sources(files)

    def write(out: Path) -> Outcome:
        tally = collect(sources, params, origin, out)
        # A failed build's directory goes away; the bad rows must stay for whoever mends them.
        saved = Store().workdir(STAGE.name, out.name) / QUARANTINE
        if problem := problem_with(tally, params, saved):
            shutil.copyfile(out / QUARANTINE, saved)
            raise DataError(problem)
        return Outcome(counts=tally.counts)

    digests = {f"file:{source.name}": source.digest for source in sources}
    # Records keep the order the files were named in, so the order decides the output too.
    digests |= {"order": digest_of([source.name for source in sources]), "origin": origin}
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    label = f"{origin} rows of {PurePosixPath(sources[0].name).name}{more}"
    variant = "" if origin == "task" else origin
    return run_stage(RECIPE, write, inputs={}, params=params, label=label, external=digests, variant=variant)

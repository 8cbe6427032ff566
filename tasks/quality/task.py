"""Prefect door of quality."""

import shutil
from pathlib import Path

from tasks.errors import DataError
from tasks.quality.assess import assess_folders
from tasks.quality.card import card
from tasks.quality.params import QualityParams
from tasks.quality.schema import schema_bytes, schema_check
from tasks.quality.writing import FILES, problem_with, write_report
from tasks.store.keys import Stage, digest_of
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("quality", "1", ("jsonschema", "scipy", "numpy"))
RECIPE = Recipe(STAGE, card)


def assess(ingest: Ref, screened: Ref, unique: Ref, params: QualityParams) -> Ref:
    """Write the report on the task's rows, and stop the run where a limit says so.

    Args:
        ingest: The artefact of ingest.
        screened: The artefact of screening.
        unique: The artefact of dedup.
        params: What is measured and what stops.

    Raises:
        ConfigError: The schema cannot be used.
        DataError: A finding of severity stop; the report stays in the stage's work folder.
    """
    store = Store()
    content = schema_bytes(params.schema_file) if params.schema_file else b""
    schema = schema_check(content) if params.schema_file else None

    def write(out: Path) -> Outcome:
        assessment = assess_folders(store.open(ingest), store.open(screened), store.open(unique), params, schema)
        write_report(assessment, out)
        # A failed build's directory goes away; the report must stay for whoever mends the data.
        saved = store.workdir(STAGE.name, out.name)
        if problem := problem_with(assessment, saved):
            for name in FILES:
                shutil.copyfile(out / name, saved / name)
            raise DataError(problem)
        found = [finding.severity for finding in assessment.findings]
        return Outcome(counts={"warnings": found.count("warn"), "issues": len(assessment.issues())})

    inputs = {"ingest": ingest, "screening": screened, "dedup": unique}
    external = {"schema": digest_of(content.decode("utf-8", "replace"))} if content else {}
    label = f"{unique.counts.get('unique', 0)} unique rows"
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label, external=external)

"""Prefect door of reporting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.artifacts import create_table_artifact
from prefect.context import FlowRunContext

from tasks.reporting.accounting import accounting, accounting_table, check
from tasks.reporting.card import card
from tasks.reporting.collect import open_stages
from tasks.reporting.page import page
from tasks.reporting.results import results, results_table
from tasks.store.keys import Stage, digest_of
from tasks.store.params import NoParams
from tasks.store.records import read_json, write_json
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("reporting", "3", ("matplotlib", "jinja2"))
RECIPE = Recipe(STAGE, card)
RESULTS_FILE, REPORT_FILE = "results.json", "report.html"


def account(stages: Mapping[str, Ref]) -> None:
    """Check that every row that was read is where a stage says it is, and show the table in the UI.

    Args:
        stages: References of the stages that ran so far, by role.

    Raises:
        DataError: Rows are missing, or are counted twice.
    """
    lines = accounting(stages)
    check(lines)
    if FlowRunContext.get() is not None and lines:
        create_table_artifact(table=accounting_table(lines), key="row-accounting", description="Where every row went.")


def report(name: str, stages: Mapping[str, Ref], approval: Mapping[str, Any] | None = None) -> Ref:
    """Write the report of a run and show its results as a table in the UI.

    Args:
        name: The run's name, as its releases are called.
        stages: References of the stages that ran, by role; a rejected run has no merging and no serving.
        approval: What a person decided about the model, as JSON; None when nobody was asked.
    """

    def write(out: Path) -> Outcome:
        opened = open_stages(stages)
        found = results(name, opened, approval)
        write_json(out / RESULTS_FILE, found)
        (out / REPORT_FILE).write_text(page(found, opened), encoding="utf-8")
        return Outcome(counts={"stages": len(opened)}, facts={"outcome": found["outcome"]})

    # The page names keys and parents, which digests alone do not decide.
    named = {role: ref.name for role, ref in stages.items()}
    about = digest_of({"name": name, "stages": named, "approval": dict(approval) if approval else None})
    ref = run_stage(RECIPE, write, inputs=stages, params=NoParams(), label=name, external={"about": about})
    _publish_table(ref)
    return ref


def _publish_table(ref: Ref) -> None:
    if FlowRunContext.get() is None:
        return
    directory = Store().open(ref)
    found = read_json(directory / RESULTS_FILE)
    create_table_artifact(
        table=results_table(found),
        key="results",
        description=f"{found['name']}: {found['outcome']}. The whole report: `{directory / REPORT_FILE}`",
    )

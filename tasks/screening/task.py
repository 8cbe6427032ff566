"""Prefect door of screening."""

from pathlib import Path

from tasks.screening.card import card
from tasks.screening.files import RECORDS, screen_file
from tasks.screening.params import ScreeningParams
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("screening", "2", ("detect-secrets", "datafog", "phonenumbers", "python-stdnum"))
RECIPE = Recipe(STAGE, card)


def screen(records: Ref, params: ScreeningParams, *, variant: str = "") -> Ref:
    """Find personal data, secrets and refusals in the records of one ingest artefact, and deal with them as told.

    Args:
        records: The artefact of ingest.
        params: What is looked for and what happens to it.
        variant: Whose rows these are where they are not the task's (`heldout`, `general`); sets the card apart.
    """
    store = Store()

    def write(out: Path) -> Outcome:
        summary = screen_file(store.open(records) / RECORDS, out, params, salt=records.digest)
        counts = {name: summary[name] for name in ("read", "kept", "masked", "quarantined")}
        return Outcome(counts=counts | {f"with_{name}": count for name, count in summary["rows_with"].items()})

    label = " ".join(filter(None, [variant, f"{records.counts.get('kept', 0)} records"]))
    return run_stage(RECIPE, write, inputs={"records": records}, params=params, label=label, variant=variant)

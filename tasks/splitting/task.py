"""Prefect door of splitting."""

from pathlib import Path

from tasks.splitting.card import card
from tasks.splitting.params import SplittingParams
from tasks.splitting.split import write_splits
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

RECIPE = Recipe(Stage("splitting", "2", ("numba",)), card)


def split(mixed: Ref, heldout: Ref | None, params: SplittingParams) -> Ref:
    """Divide the mixed records, and take training rows out that another split gives away.

    Args:
        mixed: The mixing stage's artefact.
        heldout: An ingest artefact with held-out records, or None.
        params: Method, shares, fields and thresholds.
    """
    store = Store()

    def write(out: Path) -> Outcome:
        return write_splits(store.open(mixed), store.open(heldout) if heldout else None, params, out)

    inputs = {"mixed": mixed} | ({"heldout": heldout} if heldout else {})
    rows = sum(mixed.counts.get(origin, 0) for origin in ("task", "general"))
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=f"{rows} mixed rows")

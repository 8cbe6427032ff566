"""Prefect door of mixing."""

from pathlib import Path

from tasks.mixing.card import card
from tasks.mixing.mix import write_mix
from tasks.mixing.params import MixingParams
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

RECIPE = Recipe(Stage("mixing", "1"), card)


def mix(unique: Ref, general: Ref | None, params: MixingParams) -> Ref:
    """Put a share of general records beside the unique task records.

    Args:
        unique: The dedup stage's artefact.
        general: An ingest artefact with general records; None when the share is 0.
        params: Share, files and seed.
    """
    store = Store()

    def write(out: Path) -> Outcome:
        return write_mix(store.open(unique), store.open(general) if general else None, params, out)

    inputs = {"unique": unique} | ({"general": general} if general else {})
    label = f"{unique.counts.get('unique', 0)} task rows, {params.share:.0%} general"
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label)

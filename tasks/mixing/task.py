"""Prefect door of mixing."""

from pathlib import Path

from tasks.mixing.card import card
from tasks.mixing.mix import write_mix
from tasks.mixing.params import MixingParams
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

RECIPE = Recipe(Stage("mixing", "2", ("numba", "tokenizers")), card)
FILE_ROLE = "file:"


def mix(unique: Ref, general: Ref | None, params: MixingParams, base: Ref | None = None) -> Ref:
    """Put a share of general records beside the unique task records.

    Args:
        unique: The dedup stage's artefact.
        general: The artefact of ingest or screening with general records; None when the share is 0.
        params: Share, files, weights and seed.
        base: The base model; needed where the share is counted in tokens. Where it is not, the model decides nothing
            and is no part of the key: its tokens are shown on the card of the run that built the set.
    """
    store = Store()

    def write(out: Path) -> Outcome:
        return write_mix(
            store.open(unique),
            store.open(general) if general else None,
            params,
            out,
            base=store.open(base) if base else None,
            digests=_file_digests(store, general) if general else {},
        )

    inputs = {"unique": unique} | ({"general": general} if general else {})
    if base is not None and params.share_by == "tokens":
        inputs["base"] = base
    label = f"{unique.counts.get('unique', 0)} task rows, {params.share:.0%} general by {params.share_by}"
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label)


def _file_digests(store: Store, general: Ref) -> dict[str, str]:
    """Return the digest of each file that the general records were read from, as their ingest pinned it."""
    parents = store.manifest(general).parents
    if "records" in parents:
        # Screened records name the artefact that was screened, and that one names the files.
        return _file_digests(store, store.resolve(parents["records"]))
    return {role.removeprefix(FILE_ROLE): digest for role, digest in parents.items() if role.startswith(FILE_ROLE)}

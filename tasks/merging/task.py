"""Prefect door of merging."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.merging.card import card
from tasks.merging.params import MergingParams
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("merging", "3", ("torch", "transformers", "peft", "safetensors", "bitsandbytes"))
RECIPE = Recipe(STAGE, card)


def merge(base: Ref, adapter: Ref, splits: Ref, params: MergingParams) -> Ref:
    """Merge a trained adapter into its base and prove the result equal to what was trained."""
    store = Store()

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "model": str(model_folder(store.open(base))),
            "training": str(store.open(adapter)),
            "splits": str(store.open(splits)),
            "out": str(out),
            "scratch": str(work / "logits"),
            "params": params.model_dump(),
        }
        return Outcome(counts=run_in_child("tasks.merging.child:main", payload, work, title="merging"))

    inputs = {"base": base, "adapter": adapter, "splits": splits}
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=f"adapter {adapter.key[:8]}")

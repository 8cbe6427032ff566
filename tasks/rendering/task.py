"""Prefect door of rendering."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.rendering.card import card
from tasks.rendering.params import RenderingParams
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("rendering", "1", ("transformers", "tokenizers", "jinja2"))
RECIPE = Recipe(STAGE, card)


def render(splits: Ref, base: Ref, params: RenderingParams) -> Ref:
    """Turn the splits into token ids and loss masks with the base model's own chat template."""
    store = Store()

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "splits": str(store.open(splits)),
            "model": str(model_folder(store.open(base))),
            "out": str(out),
            "work": str(work),
            "params": params.model_dump(),
        }
        summary = run_in_child("tasks.rendering.child:main", payload, work, title="rendering")
        train, validation = summary["train"], summary["validation"]
        counts = {
            "train_rows": train["kept"],
            "validation_rows": validation["kept"],
            "dropped": train["rows"] + validation["rows"] - train["kept"] - validation["kept"],
            "train_tokens": train["tokens"],
            "supervised_tokens": train["supervised_tokens"],
        }
        return Outcome(counts=counts)

    label = f"{splits.counts.get('train', 0)} training rows"
    return run_stage(RECIPE, write, inputs={"splits": splits, "base": base}, params=params, label=label)

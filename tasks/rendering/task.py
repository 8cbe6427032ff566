"""Prefect door of rendering."""

from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.rendering.card import card
from tasks.rendering.params import RenderingParams
from tasks.rendering.templates import load_template, text_digest
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("rendering", "2", ("transformers", "tokenizers", "jinja2"))
RECIPE = Recipe(STAGE, card)


def render(splits: Ref, base: Ref, params: RenderingParams) -> Ref:
    """Turn the splits into token ids and loss masks with the chosen chat template."""
    store = Store()
    # What a file says decides, not its name; the tokenizer's own template is part of the base model.
    template = load_template(params.template)
    external = {} if template is None else {"template": text_digest(template)}

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "splits": str(store.open(splits)),
            "model": str(model_folder(store.open(base))),
            "out": str(out),
            "work": str(work),
            "template": template,
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
        return Outcome(counts=counts, facts={"template_sha256": summary["template"]["sha256"]})

    label = f"{splits.counts.get('train', 0)} training rows"
    inputs = {"splits": splits, "base": base}
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label, external=external)

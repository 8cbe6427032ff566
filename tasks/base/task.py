"""Prefect door of the base model."""

import json
from pathlib import Path

from tasks.base.card import card
from tasks.base.licence import folder_licence, licence_file
from tasks.base.params import EMBEDDED, BaseParams
from tasks.base.resolve import BASE_FILE, WHERE_FILE, hub_id, locate, source_digest
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage, digest_of
from tasks.store.records import write_json
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

RECIPE = Recipe(Stage("base", "4", ("transformers", "gguf")), card)


def prepare_base(params: BaseParams) -> Ref:
    """Make the base model ready: find or convert it, check it, pin it."""
    source, revision = locate(params)
    digest = source_digest(source)
    licence = folder_licence(source) if source.is_dir() else None
    licence_text = licence_file(source) if source.is_dir() else None

    def write(out: Path) -> Outcome:
        folder, stated = source, licence
        if params.model == EMBEDDED:
            folder = out / "model"
            scratch = Store().workdir("base", out.name)
            stated = run_in_child("tasks.base.child:main", {"out": str(folder)}, scratch, title="base model")["license"]
        config = json.loads((folder / "config.json").read_text())
        said = {
            "model": params.model,
            "revision": revision,
            "source_digest": digest,
            "hub_id": hub_id(params, revision),
            "license": stated,
            "license_file": licence_text,
            "architectures": config.get("architectures", []),
            "vocab_size": config.get("vocab_size", 0),
        }
        write_json(out / BASE_FILE, said)
        # Where the files lie says nothing about what they are: it stays out of the digest.
        write_json(out / WHERE_FILE, {"folder": "model" if folder.parent == out else str(folder)})
        return Outcome(facts={"source": source.name})

    external = {"source": digest} | ({} if params.model == EMBEDDED else {"folder": str(source)})
    # The card and the licence text are no part of the weights' digest.
    external |= {"licence": digest_of([licence, licence_text])}
    return run_stage(RECIPE, write, inputs={}, params=params, label=params.model, external=external)

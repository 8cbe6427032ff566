"""Prefect door of serving."""

from dataclasses import asdict
from pathlib import Path

from tasks.base.resolve import model_folder
from tasks.runtime.task import run_in_child
from tasks.serving.card import card
from tasks.serving.compatibility import check_servable
from tasks.serving.directory import read_config
from tasks.serving.params import ServingParams
from tasks.serving.wanted import wanted_compressor, wanted_server
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage
from tasks.training.params import TrainingParams

STAGE = Stage("serving", "2", ("torch", "transformers", "peft"))
RECIPE = Recipe(STAGE, card)


def check_base(base: Ref, training: TrainingParams, serving: ServingParams) -> None:
    """Check, before anything is trained, that a model on this base can be served as the run asks.

    Raises:
        ConfigError: It cannot; every reason is named.
    """
    check_servable(read_config(model_folder(Store().open(base))), training, serving)


def serve(merged: Ref, base: Ref, training: Ref, splits: Ref, params: ServingParams) -> Ref:
    """Make a directory that vLLM serves, and prove it on a real server when there is one.

    The server's version is part of the key: installing one later, or another one, proves the model again. So is
    llm-compressor's where 4-bit weights are asked for.
    """
    store = Store()
    server, compressor = wanted_server(params), wanted_compressor(params)

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "merged": str(store.open(merged)),
            "base": str(model_folder(store.open(base))),
            "training": str(store.open(training)),
            "splits": str(store.open(splits)),
            "out": str(out),
            "work": str(work),
            "server": asdict(server),
            "compressor": asdict(compressor),
            "params": params.model_dump(),
        }
        counts = run_in_child("tasks.serving.child:main", payload, work, title="serving")
        return Outcome(counts=counts, facts={"server": server.name, "python": server.python})

    inputs = {"merged": merged, "base": base, "training": training, "splits": splits}
    label = f"model {merged.key[:8]}, server {server.name}"
    external = {"server": server.name, "compressor": compressor.name}
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label, external=external)

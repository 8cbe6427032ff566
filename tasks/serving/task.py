"""Prefect door of serving."""

from dataclasses import asdict
from pathlib import Path

from tasks.runtime.task import run_in_child
from tasks.serving.card import card
from tasks.serving.environment import find_server
from tasks.serving.params import ServingParams
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("serving", "1", ("torch", "transformers"))
RECIPE = Recipe(STAGE, card)


def serve(merged: Ref, splits: Ref, params: ServingParams) -> Ref:
    """Make a directory that vLLM serves, and prove it on a real server when there is one.

    The server's version is part of the key: installing one later, or another one, proves the model again.
    """
    store = Store()
    server = find_server(params)

    def write(out: Path) -> Outcome:
        work = store.workdir(STAGE.name, out.name)
        payload = {
            "merged": str(store.open(merged)),
            "splits": str(store.open(splits)),
            "out": str(out),
            "log": str(work / "server.log"),
            "server": asdict(server),
            "params": params.model_dump(),
        }
        counts = run_in_child("tasks.serving.child:main", payload, work, title="serving")
        return Outcome(counts=counts, facts={"server": server.name, "python": server.python})

    inputs = {"merged": merged, "splits": splits}
    label = f"model {merged.key[:8]}, server {server.name}"
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label, external={"server": server.name})

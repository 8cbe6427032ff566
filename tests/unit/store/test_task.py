"""A stage as a Prefect task: what counts is what the store holds."""

import shutil
from pathlib import Path

from prefect import flow

from tasks.store.keys import Stage
from tasks.store.params import NoParams
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

RECIPE = Recipe(Stage("rebuilt", "1"), lambda _directory, _manifest: "card")


def test_a_reference_that_prefect_remembers_gives_way_to_what_was_built_since(server: None) -> None:
    content = ["first"]

    def write(out: Path) -> Outcome:
        (out / "rows").write_text(content[0])
        return Outcome(counts={"letters": len(content[0])})

    @flow
    def stage() -> Ref:
        return run_stage(RECIPE, write, inputs={}, params=NoParams(), label="test")

    store = Store()
    before = stage()
    # A worker with another result storage builds the key again, and not to the last bit alike.
    shutil.rmtree(store.directory(before.kind, before.key))
    content[0] = "second time"
    built = store.build(RECIPE.stage, before.key, write, parents={}, params=NoParams())
    assert built.digest != before.digest
    after = stage()
    assert after == built
    assert store.open(after)

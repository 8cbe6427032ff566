"""The door: what decides the key, and what the manifest keeps."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tasks.mixing import task
from tasks.mixing.params import MixingParams
from tasks.store.keys import Stage
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tests.unit.mixing.samples import general_rows, task_rows


@pytest.fixture(autouse=True)
def _at_once(build_at_once: Callable[[ModuleType], None]) -> None:
    build_at_once(task)


def lines(rows: list[Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


@pytest.fixture
def unique(make_ref: Callable[..., Ref]) -> Ref:
    return make_ref("dedup", {"records.jsonl": lines(task_rows(36))}, {"unique": 36})


@pytest.fixture
def general(home: Path) -> Ref:
    def write(out: Path) -> Outcome:
        (out / "records.jsonl").write_text(lines(general_rows(40)))
        return Outcome()

    parents = {"file:general.jsonl": "d1", "order": "d2", "origin": "general"}
    return Store().build(Stage("ingest", "1"), "a" * 24, write, parents=parents, params=MixingParams())


@pytest.fixture
def base(make_ref: Callable[..., Ref], tiny_model: Path) -> Ref:
    return make_ref("base", {"notes/where.json": json.dumps({"folder": str(tiny_model)})})


def test_the_manifest_keeps_the_provenance(unique: Ref, general: Ref, base: Ref) -> None:
    ref = task.mix(unique, general, MixingParams(), base)
    facts = Store().manifest(ref).facts
    assert facts["general_sources"][0]["files"] == {"general.jsonl": "d1"}
    screened = Store().build(
        Stage("screening", "1"),
        "b" * 24,
        lambda out: (out / "records.jsonl").write_text(lines(general_rows(40))) and Outcome(),
        parents={"records": general.name},
        params=MixingParams(),
    )
    facts = Store().manifest(task.mix(unique, screened, MixingParams(seed=1), base)).facts
    assert facts["general_sources"][0]["files"] == {"general.jsonl": "d1"}
    assert sorted(facts["general_share"]) == ["characters", "rows", "tokens"]
    assert ref.counts["general"] == 4


def test_the_base_model_is_part_of_the_key_only_where_tokens_decide(unique: Ref, general: Ref, base: Ref) -> None:
    by_rows = [task.mix(unique, general, MixingParams(), model).key for model in (None, base)]
    assert by_rows[0] == by_rows[1]
    by_tokens = task.mix(unique, general, MixingParams(share_by="tokens"), base)
    assert Store().manifest(by_tokens).parents["base"] == base.name


def test_a_task_alone_needs_no_general_records(unique: Ref) -> None:
    ref = task.mix(unique, None, MixingParams(share=0))
    assert (ref.counts["task"], ref.counts["general"]) == (36, 0)
    assert list(Store().manifest(ref).parents) == ["unique"]

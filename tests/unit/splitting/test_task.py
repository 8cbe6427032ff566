"""The door: what decides the key, and what is written."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tasks.splitting import task
from tasks.splitting.params import SplittingParams
from tasks.splitting.summary import SPLITS
from tasks.store.refs import Ref
from tasks.store.store import Store
from tests.unit.splitting.samples import record, rows_of

MakeRef = Callable[..., Ref]


@pytest.fixture(autouse=True)
def _at_once(build_at_once: Callable[[ModuleType], None]) -> None:
    build_at_once(task)


def lines(rows: list[Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


def test_splits_with_and_without_held_out_records(make_ref: MakeRef) -> None:
    mixed = make_ref("mixing", {"records.jsonl": lines(rows_of(60, 6))}, {"task": 60, "general": 6})
    heldout = make_ref("ingest", {"records.jsonl": lines([record(1, "heldout")])})
    alone, both = (task.split(mixed, held, SplittingParams()) for held in (None, heldout))
    assert alone.key != both.key
    assert (alone.counts["heldout"], both.counts["heldout"]) == (0, 1)
    assert Store().manifest(both).parents == {"mixed": mixed.name, "heldout": heldout.name}
    assert sorted(Store().manifest(both).files) == sorted([*(f"{name}.jsonl" for name in SPLITS), "summary.json"])


def test_another_method_is_another_key(make_ref: MakeRef) -> None:
    mixed = make_ref("mixing", {"records.jsonl": lines(rows_of(300))})
    keys = {task.split(mixed, None, SplittingParams(method=method)).key for method in ("random", "hash")}
    assert len(keys) == 2

from collections.abc import Iterator
from pathlib import Path

import pytest
from orjson import dumps
from prefect import flow
from prefect.testing.utilities import prefect_test_harness

from tasks.dedup import task
from tasks.dedup.card import card
from tasks.dedup.params import DedupParams
from tasks.dedup.task import dedup
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Ref
from tasks.store.store import Store
from tests.unit.dedup.rows import chat

LONG_TAIL = " ".join(f"word{number}" for number in range(300))
ROWS = [
    chat(1, "The vessel is late by two days. Please tell the customer.", "late"),
    chat(2, "the vessel is late by two days.  Please tell the customer.", "late"),
    chat(3, "The ship is two days late; please let the client know.", "late"),
    chat(4, "How do I bake bread without yeast?", "late"),
    chat(5, "The ship is two days late; please let the client know!", "early"),
    chat(6, f"{LONG_TAIL} one", "late"),
    chat(7, f"{LONG_TAIL[::-1]} two", "late"),
    chat(8, "contradiction", "yes"),
    chat(9, "contradiction", "no"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=60):
        yield


@flow
def run(records: Ref, params: DedupParams) -> Ref:
    return dedup(records, params)


@pytest.fixture
def records(make_ref):
    return make_ref("ingest", {"records.jsonl": b"\n".join(dumps(row) for row in ROWS)}, {"kept": len(ROWS)})


@pytest.mark.integration
def test_the_stage_with_the_real_model(server, records):
    ref = run(records, DedupParams(embedding_threshold=0.7))
    out = Store().open(ref)
    assert ref.counts == {"read": 9, "unique": 5, "duplicates": 2, "conflicts": 2}
    assert [row["row"] for row in read_rows(out / "records.jsonl")] == [1, 4, 5, 6, 7]
    (line,) = read_rows(out / "groups.jsonl")
    methods = {member["id"]: member["method"] for member in line["members"]}
    assert methods == {"a.jsonl:2": "exact", "a.jsonl:3": "embedding"}
    assert read_json(out / "summary.json")["too_long_to_embed"] == 2
    manifest = Store().manifest(ref)
    assert manifest.facts["embedded_rows"] == 3
    shown = card(out, manifest)
    assert "9 read = 5 unique + 2 duplicates + 2 dropped as contradictions" in shown
    assert "| a.jsonl:1 | a.jsonl:3 | embedding |" in shown
    assert "2 rows were too long" in shown
    assert run(records, DedupParams(embedding_threshold=0.7)) == ref


@pytest.mark.integration
def test_paraphrases_of_the_demo_are_found_at_a_low_threshold_and_nothing_else_is(server, make_ref, demo, expected):
    listed = [noise for noise in expected if noise["kind"] == "paraphrase"][:20]
    pairs = {frozenset([noise["repeats"], f"{noise['file']}:{noise['row']}"]) for noise in listed}
    chosen = [row for row in demo if any(row["id"] in pair for pair in pairs)]
    records = make_ref("ingest", {"records.jsonl": b"\n".join(dumps(row) for row in chosen)}, {"kept": len(chosen)})
    ref = run(records, DedupParams(embedding_threshold=0.5))
    lines = list(read_rows(Store().open(ref) / "groups.jsonl"))
    found = {frozenset([line["kept"], member["id"]]) for line in lines for member in line["members"]}
    assert found <= pairs
    assert len(found) >= 10


def test_without_embeddings_no_model_is_looked_for_and_the_threshold_is_part_of_the_key(server, records):
    params = DedupParams(embedding=False, embedding_model="embedded:none")
    ref = run(records, params)
    assert ref.counts == {"read": 9, "unique": 6, "duplicates": 1, "conflicts": 2}
    assert run(records, params.model_copy(update={"threshold": 0.5})).key != ref.key


def test_a_changed_embedding_model_changes_the_key(server, records, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"1")
    monkeypatch.setattr(task, "run_in_child", lambda _target, payload, *_a, **_k: _no_pairs(payload))
    params = DedupParams(embedding_model=str(folder))
    first = run(records, params)
    (folder / "model.safetensors").write_bytes(b"2")
    second = run(records, params)
    assert second.key != first.key
    assert "Backend: static, from a cosine of 0.900" in card(Store().open(second), Store().manifest(second))


def _no_pairs(payload):
    Path(payload["pairs"]).write_text("")
    figures = {"embedded": 0, "too_long": 0, "unknown": 0, "reused": 0, "seconds": 0.0}
    return figures | {"backend": "static", "threshold": 0.9, "search": {"pairs": 0}, "agreement": {"recall": 1.0}}

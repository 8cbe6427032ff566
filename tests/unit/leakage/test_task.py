"""The stage with the real embedding model, and what decides its key."""

from pathlib import Path

import numpy as np
import pytest
from orjson import dumps
from prefect import flow

from tasks.errors import ProofError
from tasks.leakage import task
from tasks.leakage.params import LeakageParams
from tasks.leakage.task import prove_no_leakage
from tasks.store.keys import Stage, digest_of
from tasks.store.params import Params
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tests.unit.leakage.rows import SPLITS, record, write_items

TRAIN = [
    record("train:1", "The ship is two days late; please let the client know."),
    record("train:2", "How do I bake bread without yeast?"),
    record("train:3", " ".join(f"word{number}" for number in range(600))),
]
HELDOUT = [record("held:1", "The vessel is delayed by two days. Please tell the customer.")]
NO_MODEL = LeakageParams(embedding_rows=0, embedding_model="embedded:none")


@flow
def run(splits: Ref, benchmarks: dict[str, Path], params: LeakageParams) -> Ref:
    return prove_no_leakage(splits, benchmarks, params)


@pytest.fixture
def make_splits(make_ref):
    def make(**rows) -> Ref:
        files = {f"{name}.jsonl": b"\n".join(dumps(row) for row in rows.get(name, [])) for name in SPLITS}
        return make_ref("splitting", files, {"train": len(rows["train"])})

    return make


@pytest.fixture
def facts(tmp_path) -> Path:
    return write_items(tmp_path / "facts.jsonl", [{"id": "q", "text": "How do I bake bread without any yeast?"}])


@pytest.mark.integration
def test_a_paraphrase_is_found_by_the_real_model(server, make_splits, facts) -> None:
    params = LeakageParams(embedding_limit=0.7)
    ref = run(make_splits(train=TRAIN, heldout=HELDOUT), {"facts": facts}, params)
    out = Store().open(ref)
    pairs = [row for row in read_rows(out / "pairs.jsonl") if row["method"] == "embedding"]
    assert [(row["id_a"], row["id_b"]) for row in pairs] == [("train:1", "held:1")]
    assert 0.7 < pairs[0]["similarity"] < 1
    summary = read_json(out / "summary.json")
    assert summary["embedding"]["too_long"] == 1
    assert summary["benchmarks"]["facts"]["contaminated"] == 0
    assert ref.counts == {"leaks": 0, "warnings": 1, "benchmark_items": 1, "contaminated_items": 0}
    assert run(make_splits(train=TRAIN, heldout=HELDOUT), {"facts": facts}, params) == ref


def test_without_embeddings_no_model_is_looked_for_and_a_leak_fails_the_run(server, make_splits, facts) -> None:
    ref = run(make_splits(train=TRAIN, heldout=HELDOUT), {"facts": facts}, NO_MODEL)
    assert ref.counts["leaks"] == 0
    with pytest.raises(ProofError, match="train:2 and held:2"):
        run(make_splits(train=TRAIN, heldout=[record("held:2", "how do I bake bread without yeast?")]), {}, NO_MODEL)


def test_items_parameters_and_the_model_are_in_the_key(server, make_splits, facts, tmp_path, monkeypatch) -> None:
    splits = make_splits(train=TRAIN, heldout=HELDOUT)
    first = run(splits, {"facts": facts}, NO_MODEL)
    copied = write_items(tmp_path / "copied" / "facts.jsonl", list(read_rows(facts)))
    assert run(splits, {"facts": copied}, NO_MODEL) == first
    more = write_items(tmp_path / "more.jsonl", [*read_rows(facts), {"id": "r", "text": "And without any flour?"}])
    assert run(splits, {"facts": more}, NO_MODEL).key != first.key
    assert run(splits, {"other": facts}, NO_MODEL).key != first.key
    assert run(splits, {"facts": facts}, NO_MODEL.model_copy(update={"ngram": 8})).key != first.key

    class Grouped(Params):
        group_by: tuple[str, ...]

    def again(group_by: tuple[str, ...]) -> Ref:
        def write(out: Path) -> Outcome:
            for name in SPLITS:
                (out / f"{name}.jsonl").write_bytes((Store().open(splits) / f"{name}.jsonl").read_bytes())
            return Outcome()

        key = digest_of(group_by)[:24]
        return Store().build(Stage("splitting", "test"), key, write, parents={}, params=Grouped(group_by=group_by))

    assert run(again(()), {"facts": facts}, NO_MODEL).key == first.key
    assert run(again(("customer",)), {"facts": facts}, NO_MODEL).key != first.key

    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"1")

    def no_vectors(_target, payload, *_arguments, **_options):
        np.save(payload["vectors"], np.zeros((len(list(read_rows(Path(payload["texts"])))), 4), dtype=np.float32))

    monkeypatch.setattr(task, "run_in_child", no_vectors)
    params = LeakageParams(embedding_model=str(folder))
    with_model = run(splits, {"facts": facts}, params)
    (folder / "model.safetensors").write_bytes(b"2")
    assert run(splits, {"facts": facts}, params).key != with_model.key

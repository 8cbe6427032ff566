import pytest

from tasks.errors import ConfigError, DataError
from tasks.ingest import task as door
from tasks.ingest.params import IngestParams
from tasks.ingest.task import RECIPE, ingest
from tasks.store.cards import card_header
from tasks.store.keys import stage_key
from tasks.store.records import read_rows
from tasks.store.store import Store


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """Build in the store without Prefect around it; flows with Prefect are tested in tests/integration."""

    def run_stage(recipe, write, *, inputs, params, label, external, variant):
        assert variant == ("" if external["origin"] == "task" else external["origin"])
        assert not inputs
        assert label
        key = stage_key(recipe.stage, external, params)
        return Store().build(recipe.stage, key, write, parents=external, params=params)

    monkeypatch.setattr(door, "run_stage", run_stage)


def put(path, *lines):
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


GOOD, OTHER, BAD = '{"text": "a", "n": 1}', '{"text": "b"}', '{"text": '


def test_an_artefact_and_its_card(tmp_path):
    files = [put(tmp_path / "a.jsonl", GOOD, BAD, OTHER), put(tmp_path / "b.jsonl", GOOD)]
    ref = ingest(files, IngestParams(max_quarantined_share=0.5), origin="task")
    assert ref.counts == {"read": 4, "kept": 3, "quarantined": 1}
    directory = Store().open(ref)
    assert {row["origin"] for row in read_rows(directory / "records.jsonl")} == {"task"}
    manifest = Store().manifest(ref)
    text = card_header(manifest, directory, reused=False) + RECIPE.card(directory, manifest)
    assert f"| {files[0]} | completion | 3 | 2 | 1 |" in text
    assert "| bad_json | 1 | 25.00% | 50.00% |" in text
    assert not (Store().root / "work" / "ingest" / ref.key).exists()


def test_the_card_of_clean_files(tmp_path):
    ref = ingest([put(tmp_path / "a.jsonl", GOOD)], IngestParams(), origin="task")
    assert "No row was put aside" in RECIPE.card(Store().open(ref), Store().manifest(ref))


def test_the_key_follows_content_names_order_parameters_and_origin(tmp_path):
    one, two = put(tmp_path / "a.jsonl", GOOD), put(tmp_path / "b.jsonl", OTHER)
    params = IngestParams()
    keys = [
        ingest([one, two], params, origin="task").key,
        ingest([two, one], params, origin="task").key,
        ingest([one], params, origin="task").key,
        ingest([one], params, origin="general").key,
        ingest([one], IngestParams(max_chars=9), origin="task").key,
        ingest([put(tmp_path / "c.jsonl", GOOD)], params, origin="task").key,
        ingest([put(tmp_path / "a.jsonl", OTHER)], params, origin="task").key,
    ]
    assert len(set(keys)) == len(keys)
    folder = tmp_path / "data"
    folder.mkdir()
    put(folder / "b.jsonl", GOOD)
    one = put(folder / "a.jsonl", GOOD)
    assert (
        ingest([str(folder / "*.jsonl"), one], params, origin="task").key
        == ingest([str(folder)], params, origin="task").key
    )


def test_the_quarantine_survives_the_run_that_it_stops(tmp_path):
    file = put(tmp_path / "a.jsonl", GOOD, BAD, BAD)
    with pytest.raises(DataError, match=r"more bad rows than allowed for bad_json") as caught:
        ingest([file], IngestParams(), origin="task")
    [saved] = (Store().root / "work" / "ingest").glob("*/quarantine.jsonl")
    assert str(saved) in str(caught.value)
    assert [row["row"] for row in read_rows(saved)] == [2, 3]
    assert not list((Store().root / "artifacts").rglob("quarantine.jsonl"))


def test_nothing_kept(tmp_path):
    with pytest.raises(DataError, match="no row is left"):
        ingest([put(tmp_path / "a.jsonl", "")], IngestParams(), origin="task")


def test_patterns_without_files(tmp_path):
    with pytest.raises(ConfigError, match="matches no file"):
        ingest([str(tmp_path / "*.csv")], IngestParams(), origin="task")

"""Ingest through its Prefect door."""

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from tasks.errors import ConfigError, DataError
from tasks.ingest.params import IngestParams
from tasks.ingest.task import RECIPE, ingest
from tasks.store.records import read_rows
from tasks.store.refs import Ref
from tasks.store.store import Store

GOOD, OTHER, BAD = '{"text": "a", "n": 1}', '{"text": "b"}', '{"text": '


@pytest.fixture(autouse=True)
def _server(server: None) -> None:
    """Every test here runs the flow on Prefect's own server."""


@flow
def ingests(calls: list[tuple[list[str], IngestParams, str]]) -> list[Ref]:
    return [ingest(files, params, origin=origin) for files, params, origin in calls]


def run(files, params=None, origin="task"):
    [ref] = ingests([(files, params or IngestParams(), origin)])
    return ref


def card(key):
    """Return the run card that the server shows under a key."""
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        [shown] = client.read_latest_artifacts(artifact_filter=wanted)
    return shown.data


def put(path, *lines):
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


def test_an_artefact_and_its_card(tmp_path):
    files = [put(tmp_path / "a.jsonl", GOOD, BAD, OTHER), put(tmp_path / "b.jsonl", GOOD)]
    ref = run(files, IngestParams(max_quarantined_share=0.5))
    assert {name: ref.counts[name] for name in ("read", "kept", "quarantined")} == {
        "read": 4,
        "kept": 3,
        "quarantined": 1,
    }
    directory = Store().open(ref)
    assert {row["origin"] for row in read_rows(directory / "records.jsonl")} == {"task"}
    assert set(Store().manifest(ref).parents) == {f"file:{files[0]}", f"file:{files[1]}", "order", "origin"}
    text = card("card-ingest")
    assert f"| {files[0]} | completion | 3 | 2 | 1 |" in text
    assert "| bad_json | 1 | 25.00% | 50.00% |" in text
    assert not (Store().root / "work" / "ingest" / ref.key).exists()


def test_the_rows_of_each_origin_have_a_card_of_their_own(tmp_path):
    task, general = put(tmp_path / "task.jsonl", GOOD), put(tmp_path / "general.jsonl", OTHER)
    refs = ingests([([task], IngestParams(), "task"), ([general], IngestParams(), "general")])
    assert [next(read_rows(Store().open(ref) / "records.jsonl"))["origin"] for ref in refs] == ["task", "general"]
    assert task in card("card-ingest")
    assert general in card("card-ingest-general")


def test_the_card_of_clean_files(tmp_path):
    ref = run([put(tmp_path / "a.jsonl", GOOD)])
    assert "No row was put aside" in RECIPE.card(Store().open(ref), Store().manifest(ref))


def test_the_key_follows_content_names_order_parameters_and_origin(tmp_path):
    one, two, three = (put(tmp_path / f"{name}.jsonl", text) for name, text in (("a", GOOD), ("b", OTHER), ("c", GOOD)))
    params = IngestParams()
    refs = ingests(
        [
            ([one, two], params, "task"),
            ([two, one], params, "task"),
            ([one], params, "task"),
            ([one], params, "general"),
            ([one], IngestParams(max_chars=9), "task"),
            ([three], params, "task"),
        ]
    )
    put(tmp_path / "a.jsonl", OTHER)
    keys = [ref.key for ref in [*refs, run([one])]]
    assert len(set(keys)) == len(keys)


def test_how_files_are_named_does_not_matter_and_an_unchanged_run_is_reused(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    put(folder / "b.jsonl", GOOD)
    one = put(folder / "a.jsonl", GOOD)
    first = run([str(folder / "*.jsonl"), one])
    written = (Store().open(first) / "records.jsonl").stat()
    again = run([str(folder)])
    assert again == first
    assert (Store().open(again) / "records.jsonl").stat() == written
    assert "reused" in card("card-ingest").lower()


def test_a_remote_file_counts_by_its_content(s3):
    def store(text):
        s3.put_object(Bucket="team", Key="a.jsonl", Body=f"{text}\n".encode())

    store(GOOD)
    first = run(["s3://team/a.jsonl"])
    store(OTHER)
    changed = run(["s3://team/a.jsonl"])
    store(GOOD)
    assert run(["s3://team/*.jsonl"]) == first
    assert changed.key != first.key
    [row] = read_rows(Store().open(changed) / "records.jsonl")
    assert (row["id"], row["text"]) == ("s3://team/a.jsonl:1", "b")
    assert "file:s3://team/a.jsonl" in Store().manifest(first).parents


def test_the_quarantine_survives_the_run_that_it_stops(tmp_path):
    file = put(tmp_path / "a.jsonl", GOOD, BAD, BAD)
    with pytest.raises(DataError, match=r"more bad rows than allowed for bad_json") as caught:
        run([file])
    [saved] = (Store().root / "work" / "ingest").glob("*/quarantine.jsonl")
    assert str(saved) in str(caught.value)
    assert [row["row"] for row in read_rows(saved)] == [2, 3]
    assert not list((Store().root / "artifacts").rglob("quarantine.jsonl"))


def test_nothing_kept(tmp_path):
    with pytest.raises(DataError, match="no row is left"):
        run([put(tmp_path / "a.jsonl", "")])


def test_patterns_without_files(tmp_path):
    with pytest.raises(ConfigError, match="matches no file"):
        run([str(tmp_path / "*.csv")])

"""Artefact directories: whole or not there, whatever happens while they are written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.errors import ArtifactError, ResourceError
from tasks.settings import PROJECT_ROOT
from tasks.store.keys import Stage
from tasks.store.params import NoParams
from tasks.store.refs import Outcome, Ref
from tasks.store.store import MANIFEST, Store

STAGE = Stage("thing", "1")


def write_text(out: Path, text: str = "content") -> Outcome:
    (out / "data.txt").write_text(text)
    (out / "notes").mkdir()
    (out / "notes" / "timing.txt").write_text(os.urandom(4).hex())
    return Outcome(counts={"rows": 1})


def build(key: str = "k1", text: str = "content") -> Ref:
    return Store().build(STAGE, key, lambda out: write_text(out, text), parents={}, params=NoParams())


def test_a_built_directory_is_found_and_not_built_again() -> None:
    ref = build()
    assert Store().find("thing", "k1") == ref
    assert build(text="other") == ref
    assert Store().resolve("thing/k1") == ref


def test_notes_do_not_count_towards_the_digest_and_content_does() -> None:
    assert build("k1").digest == build("k2").digest
    assert build("k3", "other").digest != build("k1").digest


@pytest.mark.parametrize("name", ["data.txt", "notes/timing.txt"])
def test_a_damaged_or_missing_file_means_there_is_no_artefact(home: Path, name: str) -> None:
    ref = build()
    path = home / ref.path / name
    path.write_bytes(b"damaged")
    assert Store().find("thing", "k1") is None
    path.unlink()
    assert Store().find("thing", "k1") is None
    assert build() == ref
    assert [each.name.split("-")[:2] for each in (home / "damaged").iterdir()] == [["thing", "k1"]]


def test_a_directory_without_a_manifest_or_with_a_torn_one_does_not_exist(home: Path) -> None:
    ref = build()
    manifest = home / ref.path / MANIFEST
    manifest.write_text(manifest.read_text()[:40])
    assert Store().find("thing", "k1") is None
    manifest.unlink()
    with pytest.raises(ArtifactError, match="no finished artefact thing/k1"):
        Store().resolve("thing/k1")


def test_a_reference_to_other_content_is_refused(home: Path) -> None:
    ref = build()
    (home / ref.path / "data.txt").write_bytes(b"x")
    again = build(text="other")
    assert again.digest != ref.digest
    with pytest.raises(ArtifactError, match="rebuilt with other content"):
        Store().open(ref)


def test_a_full_disk_leaves_nothing_half_written(home: Path) -> None:
    def fill(out: Path) -> Outcome:
        (out / "first.txt").write_text("written before the disk was full")
        with Path("/dev/full").open("w") as full:
            full.write("x" * 10_000)
        return Outcome()

    with pytest.raises(ResourceError, match="finetune-flows clean"):
        Store().build(STAGE, "k1", fill, parents={}, params=NoParams())
    assert Store().find("thing", "k1") is None
    assert not list((home / "partial").rglob("*.txt"))
    assert not (home / "artifacts" / "thing" / "k1").exists()
    assert build().counts == {"rows": 1}


KILLED = """
import os, signal
from tasks.store.keys import Stage
from tasks.store.params import NoParams
from tasks.store.store import Store

def write(out):
    (out / "half.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

Store().build(Stage("thing", "1"), "k1", write, parents={}, params=NoParams())
"""


def test_a_killed_builder_leaves_no_artefact_and_no_lock(home: Path) -> None:
    environment = {**os.environ, "FINETUNE_FLOWS_HOME": str(home), "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Store().find("thing", "k1") is None
    ref = build()
    assert sorted(path.name for path in (home / ref.path).iterdir()) == ["data.txt", MANIFEST, "notes"]


@pytest.mark.parametrize("name", ["thing", "thing/", "../k1", "thing/../k1", "thing/k1/x", ""])
def test_names_that_are_no_references_are_refused(name: str) -> None:
    with pytest.raises(ArtifactError, match="is not a reference"):
        Store().resolve(name)


def test_the_manifest_tells_what_was_made_from_what(home: Path) -> None:
    ref = Store().build(STAGE, "k9", write_text, parents={"input": "ingest/abc"}, params=NoParams())
    said = json.loads((home / ref.path / MANIFEST).read_text())
    assert said["parents"] == {"input": "ingest/abc"}
    assert said["stage_version"] == "1"
    assert set(said["files"]) == {"data.txt", "notes/timing.txt"}

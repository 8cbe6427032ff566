"""Datasets of a hub: the real client libraries against a hub's endpoints on a local address.

The libraries take their endpoint when they are imported, so the questions are asked in one process of its own.
"""

import io
import json
import os
import re
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from tasks.errors import ConfigError
from tasks.ingest.sources import find_sources
from tasks.settings import PROJECT_ROOT
from tests.unit.ingest.hub_server import COMMIT, OLDER, hub

PINNED = f"hf://datasets/org/mails@{COMMIT}"
GONE = "d4" * 20


def parquet(*texts):
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), file)
    return file.getvalue()


CARD = b"""---
configs:
- config_name: short
  data_files:
  - {split: train, path: data/short-train.jsonl}
  - {split: test, path: data/short-test.jsonl}
- config_name: long
  data_files: data/long-*.jsonl
---
"""
ROW = b'{"text": "one"}\n'
SHORT = {"data/short-train.jsonl": ROW, "data/short-test.jsonl": ROW}
DATASETS = {
    "org/mails": {
        COMMIT: {"README.md": b"# Mails", "data/train-00000-of-00002.parquet": parquet("a"),
                 "data/train-00001-of-00002.parquet": parquet("b"), "data/test-00000-of-00001.parquet": parquet("c"),
                 "notes.txt": b"nothing"},
        OLDER: {"data/train-00000-of-00001.parquet": parquet("older")},
    },
    "org/configured": {
        COMMIT: SHORT | {"README.md": CARD, "data/long-1.jsonl": ROW, "data/long-2.jsonl": ROW + ROW},
    },
    "org/code": {COMMIT: {"code.py": b"raise SystemExit('code of a dataset was run')", "README.md": b""}},
    "org/moving": {
        COMMIT: SHORT | {"README.md": CARD.replace(b"data/long-*", f"hf://datasets/org/moving@{OLDER}/*".encode())},
        OLDER: {"a.jsonl": ROW},
    },
    "org/thief": {
        COMMIT: SHORT | {"README.md": CARD.replace(b"data/long-*", f"hf://datasets/org/moving@{OLDER}/*".encode())},
    },
}  # fmt: skip
ASK = """
import json, sys
from tasks.ingest import remote
from tasks.ingest.sources import find_sources
remote.PAUSES_S = (0.0,)
answers = {}
for name in json.loads(sys.argv[1]):
    try:
        answers[name] = [[source.name, source.digest, source.path.stat().st_size] for source in find_sources([name])]
    except Exception as error:
        answers[name] = f"{type(error).__name__}: {error}"
print(json.dumps([answers, "torch" in sys.modules]))
"""
FOUND = {
    f"{PINNED}/data/test-00000-of-00001.parquet": ["data/test-00000-of-00001.parquet"],
    f"{PINNED}/data/train-*.parquet": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
    f"{PINNED}/data": [
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
    ],
    f"{PINNED}#train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
    f"{PINNED}#test": ["data/test-00000-of-00001.parquet"],
    f"hf://datasets/org/mails@{OLDER}#train": ["data/train-00000-of-00001.parquet"],
    f"hf://datasets/org/configured@{COMMIT}#short/test": ["data/short-test.jsonl"],
    f"hf://datasets/org/configured@{COMMIT}#long/train": ["data/long-1.jsonl", "data/long-2.jsonl"],
}
REFUSED = {
    "hf://datasets/org/mails": rf"ConfigError.*not pinned: it names no commit.*write hf://datasets/org/mails@{COMMIT}$",
    "hf://datasets/org/mails@main/data": f"'main' can move.*write {PINNED}/data$",
    "hf://datasets/org/mails@v1#train": f"'v1' can move.*write hf://datasets/org/mails@{OLDER}#train$",
    "hf://datasets/org/mails@a1a1a1": "ConfigError.*is not there",
    f"hf://datasets/org/mails@{GONE}/data": "ConfigError.*is not there.*revision not found",
    f"hf://datasets/org/mails@{GONE}#train": f"ConfigError.*Revision '{GONE}' doesn't exist",
    f"{PINNED}/absent.jsonl": "ConfigError.*is not there",
    f"{PINNED}/*.csv": "ConfigError.*matches no file",
    f"{PINNED}#validation": "no split 'validation'.*There are: test, train$",
    f"{PINNED}#other/train": "ConfigError.*'other' not found",
    f"hf://datasets/org/configured@{COMMIT}#train": "ConfigError.*Config name is missing.*short",
    f"hf://datasets/org/absent@{COMMIT}/a.jsonl": "ConfigError.*is not there.*repository not found",
    f"hf://datasets/org/gated@{COMMIT}/a.jsonl": "ConfigError.*credentials at hand.*HF_TOKEN",
    f"hf://datasets/org/broken@{COMMIT}/a.jsonl": "TransientError.*could not be fetched just now",
    f"hf://datasets/org/code@{COMMIT}#train": "ConfigError",
    f"hf://datasets/org/moving@{COMMIT}#long/train": "the split lies outside the pinned commit",
    f"hf://datasets/org/thief@{COMMIT}#long/train": "ConfigError.*don't belong to org/thief",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with hub(DATASETS) as (address, requests):
        settings = {
            "HF_ENDPOINT": address,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(folder / "hf"),
            "FINETUNE_FLOWS_HOME": str(folder / "home"),
            "FINETUNE_FLOWS_REMOTE_ROOTS": "hf://datasets/org",
            "PYTHONPATH": str(PROJECT_ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", ASK, json.dumps([*FOUND, *REFUSED])],
            cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers, torch = json.loads(done.stdout.splitlines()[-1])
    return answers, torch, requests


@pytest.mark.parametrize("name", FOUND)
def test_files_folders_globs_splits_and_configurations(asked, name):
    answer = asked[0][name]
    assert [source[0] for source in answer] == [
        f"{name.partition('#')[0].partition('/data/')[0].removesuffix('/data')}/{path}" for path in FOUND[name]
    ]
    assert all(size > 0 for _, _, size in answer)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_pinned_or_not_there_is_refused_with_what_to_write(asked, name):
    answer = asked[0][name]
    assert isinstance(answer, str), answer
    assert re.search(REFUSED[name], answer, re.DOTALL | re.MULTILINE), answer


def test_each_file_is_fetched_once_and_no_code_runs(asked):
    answers, torch, requests = asked
    fetched = [request for request in requests if request.startswith("GET") and "train-00000-of-00002" in request]
    assert len(fetched) == 1
    assert not torch
    assert answers[f"{PINNED}#train"][0][1] == answers[f"{PINNED}/data"][1][1]


def test_a_hub_that_may_not_be_asked(monkeypatch):
    monkeypatch.setenv("FINETUNE_FLOWS_REMOTE_ROOTS", "hf://datasets/org/mails")
    for name in (f"{PINNED}/a.jsonl", f"{PINNED}#train", "hf://datasets/org/mails/a.jsonl"):
        with pytest.raises(ConfigError, match="HF_HUB_OFFLINE"):
            find_sources([name])


@pytest.mark.parametrize(
    "name",
    [
        "hf://datasets/mails",
        f"hf://org/model@{COMMIT}/a.jsonl",
        f"{PINNED}/data#train",
        f"{PINNED}#",
        "hf://spaces/org/a",
    ],
)
def test_other_forms(name, monkeypatch):
    monkeypatch.setenv("FINETUNE_FLOWS_REMOTE_ROOTS", "hf://")
    with pytest.raises(ConfigError, match="Write hf://datasets/<org>/<name>@<commit>/<files>"):
        find_sources([name])


def test_one_dataset_allowed_is_not_its_neighbour(monkeypatch):
    monkeypatch.setenv("FINETUNE_FLOWS_REMOTE_ROOTS", "hf://datasets/org/mails")
    with pytest.raises(ConfigError, match="only hf://datasets/org/mails may be read"):
        find_sources([f"hf://datasets/org/mails-private@{COMMIT}/a.jsonl"])

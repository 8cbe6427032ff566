from pathlib import PurePosixPath

import pytest

from tasks.ingest.kinds import is_data, is_glob, kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl", ("jsonl", "")),
        ("a.v1.JSON", ("json", "")),
        ("a.csv.gz", ("csv", "gzip")),
        ("a.jsonl.zst", ("jsonl", "zstd")),
        ("a.parquet", ("parquet", "")),
        ("s3://team/data.v1/a.json.gz", ("json", "gzip")),
        ("s3://team/data.jsonl/a", None),
        ("a.parquet.gz", None),
        ("a.gz", None),
        ("a", None),
    ],
)
def test_kinds(name, kind):
    assert kind_of(PurePosixPath(name)) == kind


def test_notes_and_hidden_files_are_no_data():
    names = ["a.jsonl", "b/c.csv", "README.md", ".a.jsonl", ".cache/a.jsonl", "b/.ipynb_checkpoints/c.csv"]
    assert [name for name in names if is_data(PurePosixPath(name))] == ["a.jsonl", "b/c.csv"]


def test_globs():
    assert [name for name in ("a*", "a?", "[ab]", "a]", "a#b", "") if is_glob(name)] == ["a*", "a?", "[ab]"]

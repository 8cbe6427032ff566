import os

import pytest

from tasks.errors import ConfigError, DataError
from tasks.ingest.sources import find_sources, name_of
from tasks.settings import PROJECT_ROOT


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}\n")


def names(sources, folder):
    return [source.path.relative_to(folder).as_posix() for source in sources]


def test_files_globs_and_folders_keep_the_order_named_and_come_once(tmp_path):
    put(tmp_path, "z.jsonl", "b/2.csv", "b/1.jsonl", "b/deep/3.json.gz", "b/README.md", "b/.hidden/4.csv")
    found = find_sources([str(tmp_path / "z.jsonl"), str(tmp_path / "b"), str(tmp_path / "*.jsonl")])
    assert names(found, tmp_path) == ["z.jsonl", "b/1.jsonl", "b/2.csv", "b/deep/3.json.gz"]
    assert names(find_sources([str(tmp_path / "b/*.[cj]s*")]), tmp_path) == ["b/1.jsonl", "b/2.csv"]
    assert names(find_sources([str(tmp_path / "**/*.csv")]), tmp_path) == ["b/.hidden/4.csv", "b/2.csv"]


def test_a_file_with_wildcards_in_its_name_is_found(tmp_path):
    put(tmp_path, "part[1].jsonl", "part1.jsonl")
    assert names(find_sources([str(tmp_path / "part[1].jsonl")]), tmp_path) == ["part[1].jsonl"]


def test_all_names_that_lead_nowhere_are_in_one_error(tmp_path):
    put(tmp_path, "good.jsonl")
    (tmp_path / "empty").mkdir()
    wrong = [
        str(tmp_path / "absent.jsonl"),
        str(tmp_path / "*.csv"),
        str(tmp_path / "empty"),
        "/etc/*.conf",
        "",
        "a\0b",
    ]
    with pytest.raises(ConfigError) as caught:
        find_sources([str(tmp_path / "good.jsonl"), *wrong])
    text = str(caught.value)
    assert all(f"'{name}'" in text for name in wrong)
    assert "good.jsonl" not in text
    assert "outside the allowed folders" in text


def test_no_names_at_all():
    with pytest.raises(ConfigError, match="no data files are named"):
        find_sources([])


def test_a_link_out_of_the_allowed_folders_is_refused(tmp_path, monkeypatch):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    put(inside, "good.jsonl")
    put(outside, "secret.jsonl")
    (inside / "link.jsonl").symlink_to(outside / "secret.jsonl")
    monkeypatch.setenv("FINETUNE_FLOWS_INPUT_ROOTS", str(inside))
    for pattern in ("inside", "inside/*.jsonl", "inside/link.jsonl", "inside/../outside/secret.jsonl"):
        with pytest.raises(ConfigError, match="outside the allowed folders"):
            find_sources([str(tmp_path / pattern)])


def test_unknown_kinds_are_named(tmp_path):
    put(tmp_path, "a.txt", "b.parquet.gz", "c.jsonl")
    with pytest.raises(DataError, match=r"a\.txt.*b\.parquet\.gz.*Read are \.jsonl") as caught:
        find_sources([str(tmp_path / "*")])
    assert "c.jsonl" not in str(caught.value)


def test_names_do_not_depend_on_the_machine(tmp_path, home):
    assert name_of(PROJECT_ROOT / "data" / "a.csv") == "data/a.csv"
    assert name_of(home / "in" / "a.csv") == "in/a.csv"
    assert name_of(tmp_path / "a.csv") == str(tmp_path / "a.csv")


def test_a_file_that_changes_is_noticed(tmp_path):
    put(tmp_path, "a.jsonl")
    [source] = find_sources([str(tmp_path / "a.jsonl")])
    source.check_unchanged()
    os.utime(source.path, ns=(1, 1))
    with pytest.raises(DataError, match=r"a\.jsonl changed while it was read"):
        source.check_unchanged()
    source.path.unlink()
    with pytest.raises(DataError, match=r"a\.jsonl changed while it was read"):
        source.check_unchanged()

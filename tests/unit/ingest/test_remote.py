"""Remote files: a real S3 server in the process; for the other clouds, a file system in memory under their names."""

import hashlib
import importlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
import s3fs
from fsspec import AbstractFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from tasks.errors import ConfigError, DataError, ResourceError, TransientError
from tasks.ingest import remote
from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.remote import is_remote, redacted
from tasks.ingest.sources import find_sources
from tasks.settings import PROJECT_ROOT
from tasks.store.records import read_rows

ROW = b'{"text": "one"}\n'


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(remote, "PAUSES_S", (0.0,))


@pytest.fixture
def put(s3):
    def put(*keys, body=ROW, bucket="team"):
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    return put


# `fsspec.registry` is the read-only view of the same name.
registry = importlib.import_module("fsspec.registry")


def names(*patterns):
    return [source.name for source in find_sources(patterns)]


def copies(home):
    return sorted((home / "downloads").rglob("data"))


def test_a_file_is_read_like_a_local_one_and_called_by_its_url(put, tmp_path):
    put("mails/a.jsonl", body=ROW * 3)
    [source] = find_sources(["s3://team/mails/a.jsonl"])
    assert (source.name, source.kind, source.path.read_bytes()) == ("s3://team/mails/a.jsonl", "jsonl", ROW * 3)
    out = tmp_path / "out"
    out.mkdir()
    assert collect([source], IngestParams(), "task", out).counts["kept"] == 3
    assert next(row["id"] for row in read_rows(out / "records.jsonl")) == "s3://team/mails/a.jsonl:1"


def test_folders_and_globs_find_what_local_ones_would(put, tmp_path):
    keys = ["b/2.csv", "b/1.jsonl", "b/deep/3.json.gz", "b/README.md", "b/.hidden/4.csv", "c.jsonl", "part[1].jsonl"]
    put(*keys)
    for key in keys:
        path = tmp_path / "team" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROW)
    for pattern in ("b", "b/", "b/*.csv", "b/*.[cj]s*", "b/**/*.json.gz", "part[1].jsonl", "*.jsonl", "", "?.jsonl"):
        there = names(f"s3://team/{pattern}")
        here = [source.path.relative_to(tmp_path).as_posix() for source in find_sources([f"{tmp_path}/team/{pattern}"])]
        assert there == [f"s3://{name}" for name in here], pattern
    assert names("s3://team/c.jsonl", "s3://team/b") == [
        "s3://team/c.jsonl",
        "s3://team/b/1.jsonl",
        "s3://team/b/2.csv",
        "s3://team/b/deep/3.json.gz",
    ]


def test_an_unchanged_file_is_fetched_once_and_a_changed_one_again(put, home, caplog):
    caplog.set_level(logging.INFO)
    put("a.jsonl")
    [first] = find_sources(["s3://team/a.jsonl"])
    [again] = find_sources(["s3://team/*.jsonl"])
    assert again == first
    assert caplog.text.count("fetching s3://team/a.jsonl") == 1
    put("a.jsonl", body=ROW.replace(b"one", b"two"))
    [changed] = find_sources(["s3://team/a.jsonl"])
    assert changed.digest != first.digest
    assert changed.path.read_bytes() == ROW.replace(b"one", b"two")
    # The run that still reads the version before is not disturbed.
    first.check_unchanged()
    assert caplog.text.count("fetching s3://team/a.jsonl") == 2
    assert "test-secret" not in caplog.text
    assert not list((home / "partial").rglob("data"))


def test_missing_keys_and_buckets_are_all_named(put):
    put("a.jsonl")
    wrong = ["s3://team/absent.jsonl", "s3://team/*.csv", "s3://team/absent/"]
    with pytest.raises(ConfigError) as caught:
        find_sources(["s3://team/a.jsonl", *wrong])
    assert all(f"'{name}'" in str(caught.value) for name in wrong)
    assert "a.jsonl'" not in str(caught.value).replace("absent.jsonl'", "")


@pytest.mark.parametrize(
    "url",
    [
        "s3://team-private/a.jsonl",
        "s3://team-private",
        "s3://team*/a.jsonl",
        "s3://tea",
        "gs://team/a.jsonl",
        "hf://datasets/org/name@" + "0" * 40,
    ],
)
def test_what_nobody_allowed_is_refused_before_it_is_asked_for(put, url, monkeypatch):
    put("a.jsonl", bucket="team-private")
    monkeypatch.setattr(remote, "_file_system", None)
    with pytest.raises(ConfigError, match=r"only s3://team may be read.*FINETUNE_FLOWS_REMOTE_ROOTS"):
        find_sources([url])
    monkeypatch.delenv("FINETUNE_FLOWS_REMOTE_ROOTS")
    with pytest.raises(ConfigError, match="nothing is fetched unless it is allowed"):
        find_sources([url])


def test_an_allowed_folder_is_a_folder(put, monkeypatch):
    put("mails/a.jsonl", "mails-old/a.jsonl", "mails.jsonl")
    monkeypatch.setenv("FINETUNE_FLOWS_REMOTE_ROOTS", "gs://other s3://team/mails/")
    assert names("s3://team/mails", "s3://team/mails/*.jsonl") == ["s3://team/mails/a.jsonl"]
    for url in ("s3://team", "s3://team/mails*", "s3://team/mails-old/a.jsonl", "s3://team/*/a.jsonl"):
        with pytest.raises(ConfigError, match="only gs://other, s3://team/mails may be read"):
            find_sources([url])


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hush@team/a.jsonl",
        "s3://hush@team/a.jsonl",
        "s3://key:hu/sh/hush@team/a.jsonl",
        "s3://team/a.jsonl?X-Amz-Signature=hush",
        "az://team/a.jsonl?sv=2024&sig=hush",
        "s3://team/b/a.jsonl?versionId=hush",
    ],
)
def test_a_url_that_holds_a_secret_is_refused_and_not_repeated(url, caplog, s3):
    with pytest.raises(ConfigError, match="holds a credential or a signature") as caught:
        find_sources([url])
    assert "hush" not in str(caught.value) + caplog.text
    assert "***" in redacted(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://team/../team-private/a.jsonl",
        "s3://team/./a.jsonl",
        "s3://team//a.jsonl",
        "s3://",
        "s3:///a.jsonl",
        "s3://team/a\n.jsonl",
        "s3://team/a::s3://team-private/a.jsonl",
    ],
)
def test_a_url_that_could_lead_elsewhere_is_refused(url, s3):
    with pytest.raises(ConfigError, match="write it plainly"):
        find_sources([url])


@pytest.mark.parametrize("url", ["https://host/a.jsonl", "file:///etc/a.jsonl", "S3://team/a.jsonl", "memory://a"])
def test_other_schemes_are_not_paths(url):
    with pytest.raises(ConfigError, match="Read are s3://, gs://, az://, hf://"):
        find_sources([url])
    assert is_remote(url)
    assert not any(map(is_remote, ("data/a.jsonl", "/data/a.jsonl", "s3:/team/a", "a://"[:2], "")))


def test_unknown_kinds_are_refused_before_anything_is_fetched(put, home):
    put("a.txt", "b.jsonl")
    with pytest.raises(DataError, match=r"no kind that can be read: s3://team/a\.txt"):
        find_sources(["s3://team/*"])
    assert not copies(home)


def test_a_damaged_copy_is_fetched_again(put, home, caplog):
    put("a.jsonl")
    [source] = find_sources(["s3://team/a.jsonl"])
    source.path.write_bytes(b'{"text": "bad"}\n')
    [again] = find_sources(["s3://team/a.jsonl"])
    assert again.path.read_bytes() == ROW
    assert "is damaged and will be fetched again" in caplog.text


def test_a_copy_that_changes_while_it_is_read_is_noticed(put, tmp_path):
    put("a.jsonl")
    [source] = find_sources(["s3://team/a.jsonl"])
    os.utime(source.path, ns=(1, 1))
    with pytest.raises(DataError, match=r"s3://team/a\.jsonl changed while it was read"):
        collect([source], IngestParams(), "task", tmp_path)


def test_a_file_replaced_while_it_is_fetched_is_not_kept(put, home, monkeypatch):
    put("a.jsonl")
    new = ROW.replace(b"one", b"two")

    def get_file(self, rpath, lpath, **kwargs):
        Path(lpath).write_bytes(ROW[:8] + new[8:])
        put("a.jsonl", body=new)

    with monkeypatch.context() as patch:
        patch.setattr(s3fs.S3FileSystem, "get_file", get_file)
        with pytest.raises(DataError, match=r"s3://team/a\.jsonl was replaced while it was fetched"):
            find_sources(["s3://team/a.jsonl"])
    assert not copies(home)
    s3fs.S3FileSystem.clear_instance_cache()
    [source] = find_sources(["s3://team/a.jsonl"])
    assert source.path.read_bytes() == new


def test_a_download_that_is_too_short_is_not_kept(put, home, monkeypatch):
    put("a.jsonl")
    monkeypatch.setattr(s3fs.S3FileSystem, "get_file", lambda _self, _from, to, **_: Path(to).write_bytes(ROW[:-3]))
    with pytest.raises(TransientError, match=r"has 16 bytes, but 13 came"):
        find_sources(["s3://team/a.jsonl"])
    assert not copies(home)


def test_a_full_disk_leaves_nothing_half_fetched(put, home, monkeypatch):
    put("a.jsonl")

    def fill(self, rpath, lpath, **kwargs):
        Path(lpath).write_bytes(b"half")
        with Path("/dev/full").open("wb") as full:
            full.write(ROW * 1000)

    with monkeypatch.context() as patch:
        patch.setattr(s3fs.S3FileSystem, "get_file", fill)
        with pytest.raises(ResourceError, match=r"disk is full .*s3://team/a\.jsonl.*finetune-flows clean"):
            find_sources(["s3://team/a.jsonl"])
    assert not [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert names("s3://team/a.jsonl") == ["s3://team/a.jsonl"]


def test_a_file_larger_than_the_disk_is_not_begun(put, home, monkeypatch):
    put("a.jsonl")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 15}))
    monkeypatch.setattr(s3fs.S3FileSystem, "get_file", None)
    with pytest.raises(ResourceError, match="disk is full"):
        find_sources(["s3://team/a.jsonl"])


KILLED = """
import os, pathlib, signal, s3fs
from tasks.ingest.sources import find_sources

def get_file(self, rpath, lpath, **kwargs):
    pathlib.Path(lpath).write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

s3fs.S3FileSystem.get_file = get_file
find_sources(["s3://team/a.jsonl"])
"""


def test_a_killed_download_leaves_no_copy_and_no_lock(put, home):
    put("a.jsonl")
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=PROJECT_ROOT, env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not copies(home)
    assert [path.read_bytes() for path in (home / "partial").rglob("data")] == [b"half"]
    [source] = find_sources(["s3://team/a.jsonl"])
    assert source.path.read_bytes() == ROW
    assert not list((home / "partial").rglob("data"))


def test_a_lost_connection_is_transient_and_tried_again(put, monkeypatch, caplog):
    put("a.jsonl")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(TransientError, match=r"s3://team/a\.jsonl could not be fetched just now"):
        find_sources(["s3://team/a.jsonl"])
    assert caplog.text.count("could not be fetched just now") == 1


def test_without_credentials_the_message_says_where_they_belong(put, monkeypatch, tmp_path):
    put("a.jsonl")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ConfigError, match=r"credentials at hand \(NoCredentialsError.*AWS_PROFILE"):
        find_sources(["s3://team/a.jsonl"])


@pytest.mark.parametrize("scheme", ["gs", "az"])
def test_the_other_clouds_up_to_their_file_systems(scheme, monkeypatch):
    """Everything but the cloud's own client: a file system in memory stands in for it under its name."""

    class Memory(MemoryFileSystem):
        protocol = scheme
        store: ClassVar = {}
        pseudo_dirs: ClassVar = [""]
        find = AbstractFileSystem.find

        def info(self, path, **kwargs):
            # Quoted here and not in `ls`, as Azure's client has it.
            return super().info(path, **kwargs) | {"etag": f'"{self.tag(path)}"'}

        def ls(self, path, detail=True, **kwargs):
            found = super().ls(path, detail=True, **kwargs)
            return [info | {"etag": self.tag(info["name"])} if detail else info["name"] for info in found]

        def tag(self, path):
            file = self.store.get(self._strip_protocol(path))
            return hashlib.md5(file.getvalue()).hexdigest() if file else ""

    monkeypatch.setitem(registry._registry, scheme, Memory)
    monkeypatch.setenv("FINETUNE_FLOWS_REMOTE_ROOTS", f"{scheme}://team")
    fs = fsspec.filesystem(scheme)
    for name in ("mails/a.jsonl", "mails/b.csv", "mails/notes.txt"):
        fs.pipe(f"/team/{name}", ROW)
    assert names(f"{scheme}://team/mails") == [f"{scheme}://team/mails/a.jsonl", f"{scheme}://team/mails/b.csv"]
    [source] = find_sources([f"{scheme}://team/*/*.jsonl"])
    assert source.path.read_bytes() == ROW
    with pytest.raises(ConfigError, match="is not there"):
        find_sources([f"{scheme}://team/absent.jsonl"])


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [("gs", "ExtendedGcsFileSystem"), ("az", "AzureBlobFileSystem"), ("s3", "S3FileSystem"), ("hf", "HfFileSystem")],
)
def test_each_scheme_has_its_client_installed(scheme, kind):
    assert fsspec.get_filesystem_class(scheme).__name__ == kind

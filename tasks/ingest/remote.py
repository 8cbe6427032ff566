"""Files on S3 (`s3://`), Google Cloud Storage (`gs://`), Azure Blob Storage (`az://`) and the Hugging Face hub (`hf://`).

All four are listed and fetched through fsspec (s3fs, gcsfs, adlfs, huggingface_hub). Names may be files, folders and
globs. Credentials come from where each cloud's own tools take them; `AWS_ENDPOINT_URL` names another store that speaks
S3.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from tasks.errors import ConfigError, DataError, TransientError
from tasks.ingest import hub
from tasks.ingest.kinds import is_data, is_glob
from tasks.ingest.remote_cache import RemoteFile, cached
from tasks.ingest.remote_errors import translated
from tasks.settings import confine_url

log = logging.getLogger(__name__)

Result = TypeVar("Result")

SCHEMES = ("s3", "gs", "az", "hf")
# Seconds before each further try, on top of what the clients try by themselves.
PAUSES_S = (2.0, 10.0)
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://(.*)", re.DOTALL)
_QUERY = re.compile(r"\?[^/?]*=")
# What changes whenever the content does; times only where a store has nothing better.
_TAGS = ("ETag", "etag", "generation")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


def is_remote(name: str) -> bool:
    """Say whether a name is a URL rather than a path."""
    return _URL.match(name) is not None


def redacted(name: str) -> str:
    """Return a name without anything in it that may be a secret, for messages."""
    scheme, _, rest = name.partition("://")
    server, slash, path = rest.partition("/")
    if _has_credential(server):
        return f"{scheme}://***"
    query = _QUERY.search(path)
    return f"{scheme}://{server}{slash}{path[: query.start()] + '?***' if query else path}"


def find_remote(name: str) -> list[RemoteFile]:
    """Return the files behind a URL: one file, a folder's data files, or what a glob matches; sorted.

    Raises:
        ConfigError: The URL is of a form that is refused, not allowed, or names nothing that can be read.
        TransientError: The other side could not be reached.
    """
    scheme, rest = _checked(name)
    confine_url(f"{scheme}://{_fixed(rest)}")
    url = f"{scheme}://{rest}"
    names = _patiently(partial(hub.pinned_names, url)) if scheme == "hf" else [url]
    found = {file.url: file for each in names for file in _patiently(partial(_listed, each))}
    for at in found:
        confine_url(at)
    return [found[at] for at in sorted(found)]


def fetch(file: RemoteFile) -> Path:
    """Return the local copy of a remote file.

    Raises:
        TransientError: The connection was lost.
        DataError: The file was replaced while it was fetched.
        ResourceError: The disk is full.
    """
    scheme, _, path = file.url.partition("://")

    def download(target: Path) -> None:
        with translated(file.url):
            files = _file_system(scheme)
            files.get_file(path, str(target))
            # Parts are fetched side by side: those of two versions may not be put together.
            files.invalidate_cache()
            if _remote_file(scheme, path, files.info(path)) != file:
                raise DataError(f"{file.url} was replaced while it was fetched. Start again when nobody writes to it")

    return _patiently(partial(cached, file, download))


def _checked(name: str) -> tuple[str, str]:
    """Split a URL into its scheme and the rest, and refuse forms that hide something."""
    found = _URL.match(name)
    scheme, rest = found.groups() if found else ("", "")
    if scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ConfigError(f"{scheme}:// is not read. Read are {known}; download other files by hand and name the copy")
    if _has_credential(rest.partition("/")[0]) or _QUERY.search(rest):
        raise ConfigError(
            "the URL holds a credential or a signature, which would be kept with the run's parameters. Renew that "
            "credential, give it in the environment or in the cloud's own configuration, and name the plain URL."
        )
    parts = rest.rstrip("/").split("/")
    if "::" in name or not all(part.strip(".") for part in parts) or not rest.isprintable():
        raise ConfigError("the URL has an empty part, '.', '..', '::' or control characters in it: write it plainly")
    return scheme, rest.rstrip("/")


def _has_credential(server: str) -> bool:
    """Say whether the part before the first slash has a user in it, or the beginning of a key that has a slash."""
    return "@" in server or (":" in server and not server.startswith("arn:"))


def _fixed(rest: str) -> str:
    """Return what stands before the first part with a wildcard: everything found lies below it."""
    parts = rest.split("/")
    magic = [index for index, part in enumerate(parts) if is_glob(part)]
    return "/".join(parts[: magic[0]]) if magic else rest


def _listed(url: str) -> list[RemoteFile]:
    scheme, _, path = url.partition("://")
    with translated(url):
        files = _file_system(scheme)
        files.invalidate_cache()
        try:
            info = files.info(path)
        except FileNotFoundError:
            # A file that is really called so is no glob.
            if not is_glob(path):
                raise
            found = files.glob(path, detail=True)
            return [_remote_file(scheme, at, info) for at, info in found.items() if info["type"] == "file"]
        if info["type"] != "directory":
            return [_remote_file(scheme, path, info)]
        below = {at: info for at, info in files.find(path, detail=True).items() if info["type"] == "file"}
    start = PurePosixPath(path)
    chosen = {at: info for at, info in below.items() if is_data(PurePosixPath(at.lstrip("/")).relative_to(start))}
    return [_remote_file(scheme, at, info) for at, info in chosen.items()]


def _file_system(scheme: str) -> Any:
    import fsspec  # type: ignore[import-untyped]

    return fsspec.filesystem(scheme, use_listings_cache=False)


def _remote_file(scheme: str, path: str, info: Mapping[str, Any]) -> RemoteFile:
    # Azure quotes a tag in one answer and not in the other; on the hub, the commit in the name says all.
    known = (
        [str(info[name]).strip('"') for name in (*_TAGS, *_TIMES) if info.get(name)] if scheme != "hf" else ["pinned"]
    )
    if not known:
        raise ConfigError("the store says neither a tag nor a time of change for it, so a change would go unnoticed")
    return RemoteFile(f"{scheme}://{path.lstrip('/')}", int(info["size"]), known[0])


def _patiently(work: Callable[[], Result]) -> Result:
    """Do something again after a transient error, twice at most."""
    for pause in PAUSES_S:
        try:
            return work()
        except TransientError as error:
            log.warning("%s: next try in %g s", error, pause)
            time.sleep(pause)
    return work()

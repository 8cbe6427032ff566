"""Copies of remote files: each version fetched once, whole or not at all, verified whenever it is used.

`<home>/downloads/<digest of the URL>/<digest of the version>/` holds `data` and `origin.json`. A new version gets a
folder of its own, so a run that still reads the one before is not disturbed. The folder's time is that of its last use.
"""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ResourceError, TransientError
from tasks.settings import home
from tasks.store.keys import KEY_LENGTH, digest_of, file_digest
from tasks.store.locks import file_lock
from tasks.store.records import read_json, write_json

log = logging.getLogger(__name__)

DATA, ORIGIN = "data", "origin.json"


@dataclass(frozen=True)
class RemoteFile:
    """One version of a file elsewhere.

    Attributes:
        url: Its name, wildcards resolved, without credentials.
        size: Bytes.
        version: What the store there says of the content: entity tag or blob id, else the time of change.
    """

    url: str
    size: int
    version: str


def cached(file: RemoteFile, download: Callable[[Path], None]) -> Path:
    """Return the local copy of a remote file, fetching it if this version was not fetched before.

    Args:
        file: What to fetch.
        download: Writes the file's bytes to the path it is given.

    Raises:
        ResourceError: The disk is, or would be, full; nothing half-written stays behind.
        TransientError: Fewer or more bytes came than there are.
    """
    folder, key = digest_of(file.url)[:KEY_LENGTH], digest_of([file.version, file.size])[:KEY_LENGTH]
    final = home() / "downloads" / folder / key
    # Beside the half-written artefacts, and under a lock called like theirs: what removes those removes this too.
    partial = home() / "partial" / folder / key
    with file_lock(home() / "locks" / f"{folder}-{key}.lock", waiting_for=f"the download of {file.url}"):
        if _whole(final, file):
            os.utime(final)
            return final / DATA
        shutil.rmtree(final, ignore_errors=True)
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            _check_space(partial, file)
            log.info("fetching %s (%.1f MB)", file.url, file.size / 1e6)
            download(partial / DATA)
            _finish(partial, file)
            final.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(final)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full(file) from error
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return final / DATA


def _whole(folder: Path, file: RemoteFile) -> bool:
    """Say whether the copy holds the bytes that were fetched."""
    if not folder.exists():
        return False
    try:
        whole = bool(read_json(folder / ORIGIN)["sha256"] == file_digest(folder / DATA))
    except (OSError, ValueError, KeyError):
        whole = False
    if not whole:
        log.warning("the copy of %s is damaged and will be fetched again", file.url)
    return whole


def _check_space(folder: Path, file: RemoteFile) -> None:
    if shutil.disk_usage(folder).free < file.size:
        raise _full(file)


def _full(file: RemoteFile) -> ResourceError:
    return ResourceError(
        f"the disk is full below {home()}: {file.url} has {file.size / 1e6:.1f} MB. Free some space, for example with "
        "`finetune-flows clean`, and run again: files fetched whole are kept."
    )


def _finish(folder: Path, file: RemoteFile) -> None:
    """Check the length, and put the digest beside the data; both are on the disk afterwards."""
    data = folder / DATA
    came = data.stat().st_size
    if came != file.size:
        raise TransientError(f"{file.url} has {file.size} bytes, but {came} came. Try again")
    with data.open("rb") as written:
        os.fsync(written.fileno())
    origin = {"url": file.url, "version": file.version, "bytes": came, "sha256": file_digest(data)}
    write_json(folder / ORIGIN, origin)

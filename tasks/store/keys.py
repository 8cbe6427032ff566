"""Keys: one digest over everything that decides a stage's output."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

KEY_LENGTH = 24

REMEMBERED = 4096
# A file written twice within one tick of its file system's clock keeps its time of change: such a file is read again.
SETTLED_S = 1.0

_digests: dict[tuple[int, int, int, int], str] = {}


@dataclass(frozen=True)
class Stage:
    """A stage's identity.

    Attributes:
        name: The room's name, and the `kind` of its references.
        version: Raised by hand whenever the stage's output for the same input changes.
        libraries: Distributions whose version decides the output.
    """

    name: str
    version: str
    libraries: tuple[str, ...] = ()


def canonical(value: Any) -> bytes:
    """Encode a JSON value so that equal values always give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(value: Any) -> str:
    """Return the sha256 of a JSON value."""
    return hashlib.sha256(canonical(value)).hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, read in chunks (memory does not grow with the file).

    One process reads a file once, under whatever name: the digest is remembered for as long as inode, size and time of
    change stay. Stages share weights by hard links, so a run would read each gigabyte several times otherwise.
    """
    state = path.stat()
    identity = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    if (known := _digests.get(identity)) is not None:
        return known
    settled = time.time() - state.st_mtime > SETTLED_S
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if settled:
        if len(_digests) >= REMEMBERED:
            _digests.clear()
        _digests[identity] = digest
    return digest


def library_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Return the installed version of each distribution (`absent` where there is none)."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def stage_key(stage: Stage, inputs: Mapping[str, str], params: BaseModel) -> str:
    """Return the key of a stage's output: the name of its directory and of its Prefect cache entry.

    Args:
        stage: Name, version and libraries of the stage.
        inputs: Content digest of each input, by the input's role.
        params: The parameters that matter, as a frozen pydantic model.
    """
    return digest_of(
        {
            "stage": stage.name,
            "version": stage.version,
            "inputs": dict(inputs),
            "params": params.model_dump(mode="json"),
            "libraries": library_versions(stage.libraries),
        }
    )[:KEY_LENGTH]

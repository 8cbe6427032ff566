"""Keys: one digest over everything that decides a stage's output."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

KEY_LENGTH = 24


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

    One process reads a file once: the digest is remembered for as long as inode, size and time of change stay. Stages
    share weights by hard links, so a run would read each gigabyte several times otherwise.
    """
    state = path.stat()
    return _content_digest(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))


@functools.lru_cache(maxsize=4096)
def _content_digest(path: Path, _identity: tuple[int, int, int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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

"""The releases on disk: their names, their `release.json`, and whether they are whole."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.errors import ArtifactError, ConfigError
from tasks.settings import home
from tasks.store.keys import file_digest

RELEASE_FILE = "release.json"
CHAMPION = "champion"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
VERSION = re.compile(r"v[1-9][0-9]{0,8}")


class Release(BaseModel):
    """One release as flows and operators see it.

    Attributes:
        name: The model's name.
        version: `v1`, `v2`, ...
        path: The release's directory.
        is_champion: Whether the pointer names it now.
        made_now: False when an earlier run had made it already.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    path: str
    is_champion: bool
    made_now: bool = False


def folder_of(name: str) -> Path:
    """Return the folder of a name's releases.

    Raises:
        ConfigError: The name could not be a folder's and a URL's part.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"'{name}' is no name for a release: use 1 to 63 small letters, digits and dashes, starting with a letter "
            "or digit, for example shipping-mails"
        )
    return home() / "releases" / name


def lock_of(name: str) -> Path:
    """Return the lock file that everybody holds who changes a name's releases."""
    return home() / "locks" / f"release-{folder_of(name).name}.lock"


def names() -> list[str]:
    """Return the names that have releases."""
    root = home() / "releases"
    return (
        sorted(path.name for path in root.iterdir() if path.is_dir() and NAME.fullmatch(path.name))
        if root.is_dir()
        else []
    )


def versions(name: str) -> list[str]:
    """Return the versions of a name that have a `release.json`, oldest first."""
    folder = folder_of(name)
    if not folder.is_dir():
        return []
    found = [path.name for path in folder.iterdir() if VERSION.fullmatch(path.name) and (path / RELEASE_FILE).is_file()]
    return sorted(found, key=number)


def number(version: str) -> int:
    """Return the number of a version (`v12` is 12)."""
    return int(version[1:])


def read_release(name: str, version: str) -> dict[str, Any]:
    """Return a release's `release.json`.

    Raises:
        ArtifactError: There is no such release, or the file cannot be read.
    """
    path = folder_of(name) / version / RELEASE_FILE
    if not VERSION.fullmatch(version) or not path.is_file():
        there = ", ".join(versions(name)) or "none"
        raise ArtifactError(f"there is no release {name} {version}. Releases of {name}: {there}")
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    return said


def list_releases(name: str) -> list[dict[str, Any]]:
    """Return the `release.json` of every release of a name, oldest first, each with `is_champion`."""
    champion_version = pointed(name)
    return [{**read_release(name, version), "is_champion": version == champion_version} for version in versions(name)]


def champion(name: str) -> dict[str, Any] | None:
    """Return the `release.json` of the release that serves, or None when there is none."""
    version = pointed(name)
    return read_release(name, version) if version else None


def pointed(name: str) -> str | None:
    """Return the version that the pointer names, or None."""
    pointer = folder_of(name) / CHAMPION
    return pointer.readlink().name if pointer.is_symlink() else None


def describe(name: str, version: str, *, made_now: bool = False) -> Release:
    """Return what is said of a release."""
    path = str(folder_of(name) / version)
    return Release(name=name, version=version, path=path, is_champion=pointed(name) == version, made_now=made_now)


def find_source(name: str, source: str, signer: str | None = None) -> str | None:
    """Return the version made from a source, when it is whole by names and sizes (no gigabyte is read).

    Args:
        name: The model's name.
        source: Digest of what the release is made of.
        signer: Fingerprint of the key that it must be signed with; None takes a signed one and one that is not.
    """
    for version in reversed(versions(name)):
        said = read_release(name, version)
        signed = (said.get("signature") or {}).get("key")
        if said["source"] == source and signer in {None, signed} and not list(problems(name, version, content=False)):
            return version
    return None


def verify(name: str, version: str) -> None:
    """Read every file of a release and compare its checksum.

    Raises:
        ArtifactError: Files are missing or damaged; all of them are named.
    """
    found = list(problems(name, version, content=True))
    if found:
        listed = "; ".join(found)
        raise ArtifactError(
            f"release {name} {version} is not whole: {listed}. Point to another version, or run its flow again to make "
            "it anew."
        )


def problems(name: str, version: str, *, content: bool) -> Iterator[str]:
    """Yield what is wrong with a release's files: names and sizes, and with `content` their checksums."""
    folder = folder_of(name) / version
    for relative, entry in read_release(name, version)["files"].items():
        path = folder / relative
        if not path.is_file():
            yield f"{relative} is missing"
        elif path.stat().st_size != entry["bytes"]:
            yield f"{relative} has {path.stat().st_size} bytes instead of {entry['bytes']}"
        elif content and file_digest(path) != entry["sha256"]:
            yield f"{relative} has another checksum than when it was released"

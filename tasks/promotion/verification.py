"""Everything of a release checked again, from its own files alone: no network, no store, no model loaded."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tasks.errors import ArtifactError, ConfigError, FinetuneError
from tasks.promotion import checks, model_checks
from tasks.promotion.checks import Opened, UncheckedError
from tasks.promotion.registry import NAME, RELEASE_FILE, VERSION, folder_of, names, pointed, versions
from tasks.promotion.signing import read_public_key
from tasks.store.records import read_json

Result = Literal["ok", "FAILED", "not checked"]
CHECKS: tuple[tuple[str, Callable[[Opened], str]], ...] = (
    ("release.json", checks.release_file),
    ("files", checks.files),
    ("checksums", checks.sums),
    ("signature", checks.signature),
    ("bill of materials", checks.bill_of_materials),
    ("model card", checks.model_card),
    ("weights", model_checks.weights),
    ("contract", model_checks.contract),
    ("verdict", checks.verdict),
    ("parity", checks.parity),
    ("live proof", checks.proof),
    ("approval", checks.approval),
    ("licence", checks.licence),
)


@dataclass(frozen=True)
class Line:
    """One thing that was checked: its name, how it came out, what was found."""

    check: str
    result: Result
    found: str


def locate(text: str) -> Path:
    """Return the directory of a release.

    Args:
        text: A directory, `NAME/vN`, or `NAME` for the champion of that name. A directory that holds a `release.json`
            goes before a name.

    Raises:
        ConfigError: There is no such release.
    """
    path = Path(text).expanduser()
    if (path / RELEASE_FILE).is_file():
        return path.resolve()
    name, _, version = text.partition("/")
    if NAME.fullmatch(name) and version in {"", "champion"}:
        if champion := pointed(name):
            return folder_of(name) / champion
    elif NAME.fullmatch(name) and VERSION.fullmatch(version) and (folder_of(name) / version).is_dir():
        return folder_of(name) / version
    if path.is_dir() and (path.is_absolute() or name not in names()):
        return path.resolve()
    there = ", ".join(versions(name)) if NAME.fullmatch(name) and name in names() else ""
    known = f"releases of {name}: {there}" if there else f"names with releases: {', '.join(names()) or 'none'}"
    raise ConfigError(f"'{text}' is neither the directory of a release nor NAME or NAME/vN; {known}")


def verify_release(folder: Path, public_key: Path | None = None) -> list[Line]:
    """Check a release and return a line for each check, whatever is wrong with it.

    Args:
        folder: The release's directory.
        public_key: PEM file of the key that must have signed it; None when any signature, or none, will do.

    Raises:
        ConfigError: The public key's file cannot be used.
    """
    if public_key:
        read_public_key(public_key)
    try:
        said = _read(folder)
    except (ArtifactError, OSError) as error:
        return [Line(CHECKS[0][0], "FAILED", str(error))]
    digests, links = _look(folder)
    release = Opened(folder, said, digests, links, public_key)
    return [_line(name, check, release) for name, check in CHECKS]


def passed(lines: list[Line], *, strict: bool = False) -> bool:
    """Return whether nothing failed; with `strict`, whether everything was checked too."""
    bad = {"FAILED", "not checked"} if strict else {"FAILED"}
    return not any(line.result in bad for line in lines)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / RELEASE_FILE
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no {RELEASE_FILE}: it is no release, or not a whole one")
    try:
        said = read_json(path)
    except ValueError as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    if not isinstance(said, dict):
        raise ArtifactError(f"{path} holds no object")
    return said


def _look(folder: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the digest of each file, read now and not remembered, and the names of links."""
    digests, links = {}, []
    for parent, folders, found in os.walk(folder):
        for name in [*folders, *found]:
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                links.append(relative)
            elif path.is_file():
                with path.open("rb") as file:
                    digests[relative] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests, tuple(sorted(links))


def _line(name: str, check: Callable[[Opened], str], release: Opened) -> Line:
    try:
        return Line(name, "ok", check(release))
    except UncheckedError as error:
        return Line(name, "not checked", str(error))
    except (FinetuneError, OSError, UnicodeDecodeError) as error:
        return Line(name, "FAILED", str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # A file that somebody has changed may hold anything: what cannot be read has failed, and the rest goes on.
        return Line(name, "FAILED", f"what it needs cannot be read ({type(error).__name__}: {error})")

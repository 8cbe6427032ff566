"""From names in a parameter to files: paths and URLs expanded, confined, fetched, named, pinned by digest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from tasks.errors import ConfigError, DataError
from tasks.ingest.kinds import KNOWN, is_data, is_glob, kind_of
from tasks.ingest.remote import fetch, find_remote, is_remote, redacted
from tasks.ingest.remote_cache import RemoteFile
from tasks.settings import PROJECT_ROOT, confine, home
from tasks.store.keys import file_digest


@dataclass(frozen=True)
class Source:
    """One file to read.

    Attributes:
        path: Where it lies, links resolved; of a remote file, its copy here.
        name: How records call it: its URL; of a local file its path, relative to the project or the home where it is
            below one of them.
        kind: jsonl, json, csv or parquet.
        packing: gzip, zstd, or empty.
        digest: sha256 of its bytes.
        state: Size and time of last change when the digest was taken.
    """

    path: Path
    name: str
    kind: str
    packing: str
    digest: str
    state: tuple[int, int]

    def check_unchanged(self) -> None:
        """Raise `DataError` when the file is no longer the one that the digest was taken of."""
        if not self.path.is_file() or _state(self.path) != self.state:
            raise DataError(
                f"{self.name} changed while it was read, so the rows are not those of its digest. Start the run again "
                "when nobody writes to the file; new versions are best moved in by one rename."
            )


def find_sources(patterns: Sequence[str]) -> list[Source]:
    """Return the files behind names, globs and folders: in the order named, sorted within one, each once.

    Remote files are fetched, unless this version of them was before.

    Raises:
        ConfigError: A name leads outside the allowed folders and URLs or matches nothing; all such names are in the
            message.
        DataError: A file of a kind that is not read.
        TransientError: A remote file could not be reached, after several tries.
        ResourceError: No space for the copy of a remote file.
    """
    if not patterns:
        raise ConfigError(f"no data files are named. Name files, globs, folders or URLs; read are {KNOWN}")
    found: dict[Path | RemoteFile, None] = {}
    problems: list[str] = []
    for pattern in patterns:
        shown = redacted(pattern) if is_remote(pattern) else pattern
        try:
            matches = find_remote(pattern) if is_remote(pattern) else [confine(path) for path in _matches(pattern)]
        except (ConfigError, ValueError) as error:
            problems.append(f"'{shown}': {error}")
            continue
        if not matches:
            start = "" if is_remote(pattern) else f" (relative names start at {PROJECT_ROOT})"
            problems.append(f"'{shown}' matches no file{start}")
        found.update(dict.fromkeys(matches))
    if problems:
        raise ConfigError("some names of data files lead nowhere:\n" + "\n".join(f"- {text}" for text in problems))
    names = {file: file.url if isinstance(file, RemoteFile) else name_of(file) for file in found}
    if unknown := [name for name in names.values() if kind_of(PurePath(name)) is None]:
        listed = ", ".join(unknown)
        raise DataError(
            f"these files are of no kind that can be read: {listed}. Read are {KNOWN}: rename or convert them"
        )
    return [_source(fetch(file) if isinstance(file, RemoteFile) else file, name) for file, name in names.items()]


def name_of(path: Path) -> str:
    """Return what records call a file: the same on every machine when it lies in the project or its home."""
    for root in (PROJECT_ROOT, home()):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.as_posix()


def _matches(pattern: str) -> list[Path]:
    if not pattern.strip():
        raise ConfigError("the name is empty")
    fixed, rest = _split(Path(pattern))
    start = confine(fixed)
    if rest is None:
        return sorted(_readable_below(start)) if start.is_dir() else [start] if start.is_file() else []
    return sorted(path for path in start.glob(rest) if path.is_file())


def _split(pattern: Path) -> tuple[Path, str | None]:
    """Split a glob before its first part with a wildcard; a file that is really called so is no glob."""
    magic = [index for index, part in enumerate(pattern.parts) if is_glob(part)]
    if not magic or confine(pattern).exists():
        return pattern, None
    return Path(*pattern.parts[: magic[0]]), "/".join(pattern.parts[magic[0] :])


def _readable_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if is_data(path.relative_to(folder)) and path.is_file())


def _source(path: Path, name: str) -> Source:
    kind, packing = kind_of(PurePosixPath(name)) or ("", "")
    state = _state(path)
    return Source(path, name, kind, packing, file_digest(path), state)


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns

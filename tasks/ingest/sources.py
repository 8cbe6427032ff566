"""From names in a parameter to files: globs and folders expanded, confined, named, pinned by digest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ConfigError, DataError
from tasks.settings import PROJECT_ROOT, confine, home
from tasks.store.keys import file_digest

TEXT_KINDS = {".jsonl": "jsonl", ".json": "json", ".csv": "csv"}
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
KNOWN = ".jsonl, .json, .csv (each also with .gz or .zst behind it) and .parquet"
_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class Source:
    """One file to read.

    Attributes:
        path: Where it lies, links resolved.
        name: How records call it: relative to the project or to the home, else absolute.
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
        if _state(self.path) != self.state:
            raise DataError(
                f"{self.name} changed while it was read, so the rows are not those of its digest. Start the run again "
                "when nobody writes to the file; new versions are best moved in by one rename."
            )


def find_sources(patterns: Sequence[str]) -> list[Source]:
    """Return the files behind names, globs and folders: in the order named, sorted within one, each once.

    Raises:
        ConfigError: A name leads outside the allowed folders or matches nothing; all such names are in the message.
        DataError: A file of a kind that is not read.
    """
    if not patterns:
        raise ConfigError(f"no data files are named. Name files, globs or folders; read are {KNOWN}")
    found: dict[Path, None] = {}
    problems: list[str] = []
    for pattern in patterns:
        try:
            matches = [confine(path) for path in _matches(pattern)]
        except (ConfigError, ValueError) as error:
            problems.append(f"'{pattern}': {error}")
            continue
        if not matches:
            problems.append(f"'{pattern}' matches no file (relative names start at {PROJECT_ROOT})")
        found.update(dict.fromkeys(matches))
    if problems:
        raise ConfigError("some names of data files lead nowhere:\n" + "\n".join(f"- {text}" for text in problems))
    unknown = [path for path in found if kind_of(path) is None]
    if unknown:
        names = ", ".join(name_of(path) for path in unknown)
        raise DataError(
            f"these files are of no kind that can be read: {names}. Read are {KNOWN}: rename or convert them"
        )
    return [_source(path) for path in found]


def kind_of(path: Path) -> tuple[str, str] | None:
    """Return a file's kind and packing by its extension, or None for one that is not read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = suffixes[-1] if suffixes else ""
    if last == ".parquet":
        return "parquet", ""
    if last in TEXT_KINDS:
        return TEXT_KINDS[last], ""
    if last in PACKINGS and len(suffixes) > 1 and suffixes[-2] in TEXT_KINDS:
        return TEXT_KINDS[suffixes[-2]], PACKINGS[last]
    return None


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
    magic = [index for index, part in enumerate(pattern.parts) if _MAGIC & set(part)]
    if not magic or confine(pattern).exists():
        return pattern, None
    return Path(*pattern.parts[: magic[0]]), "/".join(pattern.parts[magic[0] :])


def _readable_below(folder: Path) -> Iterator[Path]:
    """Yield a folder's data files; what else lies there (notes, hidden files) is nobody's data."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and kind_of(path) is not None:
            yield path


def _source(path: Path) -> Source:
    kind, packing = kind_of(path) or ("", "")
    state = _state(path)
    return Source(path, name_of(path), kind, packing, file_digest(path), state)


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns

"""What the name of a file says: its kind, whether it is data, whether it is a glob."""

from pathlib import PurePath

TEXT_KINDS = {".jsonl": "jsonl", ".json": "json", ".csv": "csv"}
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
KNOWN = ".jsonl, .json, .csv (each also with .gz or .zst behind it) and .parquet"
_MAGIC = frozenset("*?[")


def kind_of(path: PurePath) -> tuple[str, str] | None:
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


def is_data(path: PurePath) -> bool:
    """Say whether a file found in a folder is meant: what else lies there (notes, hidden files) is nobody's data.

    Args:
        path: Relative to the folder named.
    """
    return kind_of(path) is not None and not any(part.startswith(".") for part in path.parts)


def is_glob(name: str) -> bool:
    """Say whether a name, or a part of one, has a wildcard."""
    return bool(_MAGIC & set(name))

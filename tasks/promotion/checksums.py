"""`SHA256SUMS`: the digests of a release's files in the form that `sha256sum -c` reads."""

from collections.abc import Mapping
from pathlib import Path

from tasks.errors import ArtifactError

SUMS_FILE = "SHA256SUMS"
_DIGEST_CHARACTERS = 64


def sums_text(digests: Mapping[str, str]) -> str:
    """Return the file's text: one line for each file, sorted by name.

    Raises:
        ArtifactError: A name cannot stand in such a file.
    """
    for name in digests:
        if "\\" in name or "\n" in name or "\r" in name:
            raise ArtifactError(f"{name!r} is no name that a checksum file can hold")
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def read_sums(path: Path) -> dict[str, str]:
    """Return the digest of each file that a checksum file names.

    Raises:
        ArtifactError: A line is no line of a checksum file.
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        digest, separator, name = line[:_DIGEST_CHARACTERS], line[_DIGEST_CHARACTERS:][:2], line[66:]
        if separator not in {"  ", " *"} or not name or not _is_digest(digest):
            raise ArtifactError(f"{path} line {number} is not `DIGEST  NAME`: {line[:80]!r}")
        if name in found:
            raise ArtifactError(f"{path} line {number} names {name} a second time")
        found[name] = digest
    return found


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_CHARACTERS and not set(text) - set("0123456789abcdef")

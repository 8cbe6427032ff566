"""What stages hand to each other: references and the manifests behind them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Ref(BaseModel):
    """Names one finished artefact directory.

    Attributes:
        kind: The stage that wrote it.
        key: Digest of everything that decided its content.
        path: Directory, relative to the store's root, so that a store can be moved or mounted elsewhere.
        digest: Digest of the files' content.
        counts: Numbers worth showing without opening the directory (rows, tokens, steps).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    key: str
    path: str
    digest: str
    counts: dict[str, int] = Field(default={})

    @property
    def name(self) -> str:
        """The reference as a person types it: `kind/key`."""
        return f"{self.kind}/{self.key}"


class FileEntry(BaseModel):
    """Digest and size of one file in an artefact directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """The last file written into an artefact directory; its presence means the directory is whole.

    Files under `notes/` (logs, plots, timings) are checked for damage but do not count towards `digest`: a rebuilt
    artefact with the same content keeps its digest, and so the stages after it keep their results.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    key: str
    stage_version: str
    digest: str
    created: str
    parents: dict[str, str]
    params: dict[str, Any]
    libraries: dict[str, str]
    counts: dict[str, int]
    facts: dict[str, Any]
    files: dict[str, FileEntry]


class Outcome(BaseModel):
    """What a stage's writer says of the directory it filled.

    Attributes:
        counts: Shown in the reference.
        facts: Kept in the manifest only (seconds, device, library choices): never part of the digest.
    """

    model_config = ConfigDict(extra="forbid")

    counts: dict[str, int] = {}
    facts: dict[str, Any] = {}

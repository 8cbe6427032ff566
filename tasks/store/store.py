"""Artefact directories on disk: built aside, checked, moved in by one rename."""

import errno
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tasks.errors import ArtifactError, ResourceError
from tasks.settings import home
from tasks.store.keys import Stage, digest_of, file_digest, library_versions
from tasks.store.locks import file_lock
from tasks.store.refs import FileEntry, Manifest, Outcome, Ref

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
NOTES = "notes"


class Store:
    """The artefact directories below one root.

    Args:
        root: Defaults to the installation's home (`FINETUNE_FLOWS_HOME`).
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home()

    def directory(self, kind: str, key: str) -> Path:
        """Return where an artefact lies, or would lie."""
        return self.root / "artifacts" / kind / key

    def workdir(self, kind: str, key: str) -> Path:
        """Return the scratch folder of a key: it outlives a killed run (checkpoints), and goes when the build ends."""
        path = self.root / "work" / kind / key
        path.mkdir(parents=True, exist_ok=True)
        return path

    def find(self, kind: str, key: str) -> Ref | None:
        """Return the reference of a finished, undamaged artefact, or None."""
        try:
            return self._verified(kind, key)
        except ArtifactError as error:
            if self.directory(kind, key).exists():
                log.warning("%s; it will be built again", error)
            return None

    def resolve(self, name: str) -> Ref:
        """Return the reference behind `kind/key` as a person typed it.

        Raises:
            ArtifactError: No such artefact, or it is damaged.
        """
        kind, _, key = name.strip("/").partition("/")
        if not kind or not key or not key.isalnum() or not kind.replace("_", "").isalnum():
            raise ArtifactError(f"'{name}' is not a reference: write kind/key, for example rendering/0a1b2c")
        return self._verified(kind, key)

    def open(self, ref: Ref) -> Path:
        """Return the directory of a reference.

        The digests were verified when the reference was made or found; here only the manifest is read again.

        Raises:
            ArtifactError: The directory is gone, or holds other content than the reference says.
        """
        manifest = self.manifest(ref)
        if manifest.digest != ref.digest:
            raise ArtifactError(f"{ref.name} was rebuilt with other content since: run the flow again")
        return self.directory(ref.kind, ref.key)

    def manifest(self, ref: Ref) -> Manifest:
        """Return the manifest behind a reference."""
        return self._read_manifest(ref.kind, ref.key)

    def current(self, ref: Ref) -> Ref:
        """Return the reference of what a key's directory holds now: a remembered one may be of an earlier build."""
        return _ref(self.manifest(ref))

    def build(
        self,
        stage: Stage,
        key: str,
        write: Callable[[Path], Outcome],
        *,
        parents: Mapping[str, str],
        params: BaseModel,
    ) -> Ref:
        """Return the artefact of a key, writing it if it is not there.

        Args:
            stage: The stage that writes.
            key: From `stage_key`.
            write: Fills the empty directory it is given.
            parents: Reference names of the inputs, by role: the lineage.
            params: The stage's parameters, kept in the manifest.

        Raises:
            ResourceError: The disk is full; nothing half-written stays behind.
        """
        with file_lock(self.root / "locks" / f"{stage.name}-{key}.lock", waiting_for=f"{stage.name}/{key}"):
            if found := self.find(stage.name, key):
                return found
            final = self.directory(stage.name, key)
            # The name is the key: a writer finds its workdir by it. The lock is held, so a left-over is a dead run's.
            partial = self.root / "partial" / stage.name / key
            shutil.rmtree(partial, ignore_errors=True)
            started = time.monotonic()
            try:
                partial.mkdir(parents=True)
                final.parent.mkdir(parents=True, exist_ok=True)
                outcome = write(partial)
                manifest = _manifest(stage, key, partial, outcome, parents, params, time.monotonic() - started)
                _write_synced(partial / MANIFEST, manifest.model_dump_json(indent=1))
                self._set_aside(final)
                partial.replace(final)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise ResourceError(
                        f"the disk is full below {self.root} (stage {stage.name}). Free some space, for example with "
                        "`finetune-flows clean`, and run again: finished stages are kept."
                    ) from error
                raise
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(self.root / "work" / stage.name / key, ignore_errors=True)
            return _ref(manifest)

    def _set_aside(self, final: Path) -> None:
        """Move a damaged directory out of the way; it is kept for whoever wants to know what happened to it."""
        if not final.exists():
            return
        aside = self.root / "damaged" / f"{final.parent.name}-{final.name}-{time.time_ns()}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        final.replace(aside)
        log.warning("the damaged directory %s is now %s", final, aside)

    def _read_manifest(self, kind: str, key: str) -> Manifest:
        path = self.directory(kind, key) / MANIFEST
        try:
            return Manifest.model_validate(json.loads(path.read_bytes()))
        except FileNotFoundError:
            raise ArtifactError(f"no finished artefact {kind}/{key} below {self.root}") from None
        except (ValueError, ValidationError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from error

    def _verified(self, kind: str, key: str) -> Ref:
        manifest = self._read_manifest(kind, key)
        directory = self.directory(kind, key)
        for name, entry in manifest.files.items():
            path = directory / name
            if not path.is_file() or path.stat().st_size != entry.bytes or file_digest(path) != entry.sha256:
                raise ArtifactError(f"{path} is missing or damaged")
        return _ref(manifest)


def _ref(manifest: Manifest) -> Ref:
    path = f"artifacts/{manifest.kind}/{manifest.key}"
    return Ref(kind=manifest.kind, key=manifest.key, path=path, digest=manifest.digest, counts=manifest.counts)


def _manifest(
    stage: Stage,
    key: str,
    directory: Path,
    outcome: Outcome,
    parents: Mapping[str, str],
    params: BaseModel,
    seconds: float,
) -> Manifest:
    files = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            _sync(path)
            name = path.relative_to(directory).as_posix()
            files[name] = FileEntry(sha256=file_digest(path), bytes=path.stat().st_size)
    content = {name: entry.sha256 for name, entry in files.items() if not name.startswith(f"{NOTES}/")}
    return Manifest(
        kind=stage.name,
        key=key,
        stage_version=stage.version,
        digest=digest_of(content),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        parents=dict(parents),
        params=params.model_dump(mode="json"),
        libraries=library_versions(stage.libraries),
        counts=outcome.counts,
        facts={**outcome.facts, "seconds": round(seconds, 2)},
        files=files,
    )


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

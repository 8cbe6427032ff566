"""Making a release: checked against the verdict and the proof, built aside, moved in by one rename."""

import errno
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.errors import ArtifactError, ConfigError, ProofError, ResourceError
from tasks.promotion.params import PromotionParams
from tasks.promotion.pointer import history, move, settle, sync_folder
from tasks.promotion.registry import (
    RELEASE_FILE,
    Release,
    describe,
    find_source,
    folder_of,
    lock_of,
    number,
    versions,
)
from tasks.store.keys import digest_of, file_digest
from tasks.store.locks import file_lock
from tasks.store.records import read_json, write_json
from tasks.store.refs import Manifest, Ref
from tasks.store.store import MANIFEST, Store

NEEDED = ("training", "gating", "merging", "serving")
PARTIAL = ".partial"
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES})
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def source_of(stages: Mapping[str, Ref]) -> str:
    """Return one digest over what a release is made of (the report tells of the stages and adds nothing to them)."""
    return digest_of({role: ref.digest for role, ref in stages.items() if role != "reporting"})


def check(stages: Mapping[str, Ref], params: PromotionParams) -> None:
    """Refuse what must not serve.

    Raises:
        ConfigError: A stage is missing, or no server has proven the directory and the parameters do not allow that.
        ProofError: The verdict is not `pass`, or a proof failed.
    """
    missing = [role for role in NEEDED if role not in stages]
    if missing:
        raise ConfigError(f"a release needs the results of {', '.join(NEEDED)}; missing: {', '.join(missing)}")
    store = Store()
    verdict = read_json(store.open(stages["gating"]) / "verdict.json")
    if verdict["outcome"] != "pass":
        reasons = "; ".join(verdict.get("reasons", [])) or "no reason given"
        raise ProofError(f"the verdict is '{verdict['outcome']}', and only 'pass' is released: {reasons}")
    parity = read_json(store.open(stages["merging"]) / "parity.json")
    if not parity["passed"]:
        raise ProofError("the merged model does not answer as the trained adapter did: see parity.json of the merging")
    proof = read_json(store.open(stages["serving"]) / "proof.json")
    if proof["proven"]:
        return
    if proof["server"] != "absent":
        raise ProofError(f"{proof['server']} did not answer from this model as it should: {proof['why']}")
    if not params.allow_unproven:
        raise ConfigError(
            f"no server has answered from this model yet: {proof['why']}. Install the serving environment with "
            "`make vllm` and run again, or set `release.allow_unproven` to true to release it unproven."
        )


def publish(name: str, stages: Mapping[str, Ref], params: PromotionParams) -> Release:
    """Return the release of these stages, making it and pointing to it when there is none yet.

    Raises:
        ConfigError: The name, or what `check` refuses.
        ProofError: What `check` refuses.
        ArtifactError: A file differs from what its stage wrote.
        ResourceError: The disk is full; nothing half-made stays behind.
    """
    folder_of(name)
    check(stages, params)
    source = source_of(stages)
    with file_lock(lock_of(name), waiting_for=f"the releases of {name}"):
        settle(name)
        version = find_source(name, source)
        made_now = version is None
        if version is None:
            version = _next_version(name)
            _build(name, version, stages, source)
        # A release that was the champion once stays where an operator put it; one whose maker died before the pointer
        # moved gets its turn now.
        if all(line["to"] != version for line in history(name)):
            move(name, version, "release", params.reason)
        return describe(name, version, made_now=made_now)


def _next_version(name: str) -> str:
    used = [number(version) for version in [*versions(name), *(line["to"] for line in history(name))]]
    return f"v{max(used, default=0) + 1}"


def _build(name: str, version: str, stages: Mapping[str, Ref], source: str) -> None:
    folder = folder_of(name)
    partial = folder / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)  # the lock is held: a left-over is a dead process's
    try:
        partial.mkdir(parents=True)
        files = _fill(partial, stages)
        said = {
            "name": name,
            "version": version,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source": source,
            **_story(stages),
            "files": files,
        }
        write_json(partial / RELEASE_FILE, said)
        _sync_tree(partial)
        partial.replace(_free(folder, version))
        sync_folder(folder)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise ResourceError(
                f"the disk is full below {folder}: {name} was not released. Free some space, for example with "
                "`finetune-flows clean`, and run again: finished stages are kept."
            ) from error
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _free(folder: Path, version: str) -> Path:
    """Return where the release goes; a damaged directory without `release.json` there is moved aside."""
    target = folder / version
    if target.exists():
        target.replace(folder / f".damaged-{version}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    return target


def _fill(out: Path, stages: Mapping[str, Ref]) -> dict[str, dict[str, Any]]:
    """Bring the files of the stages together; return checksum and size of each."""
    files = _take(out, stages["serving"], "")
    files |= _take(out, stages["training"], "adapter/")
    if "reporting" in stages:
        files |= _take(out, stages["reporting"], "")
    return dict(sorted(files.items()))


def _take(out: Path, ref: Ref, below: str) -> dict[str, dict[str, Any]]:
    """Link or copy an artefact's files (those below a folder of it), each compared with its stage's manifest."""
    store = Store()
    directory, manifest = store.open(ref), store.manifest(ref)
    taken = {}
    for name, entry in manifest.files.items():
        if not name.startswith(below) or name.startswith("notes/") or name == MANIFEST:
            continue
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(directory / name, target)
        if file_digest(target) != entry.sha256:
            raise ArtifactError(f"{directory / name} was damaged since {ref.kind} wrote it: run the flow again")
        taken[name] = {"sha256": entry.sha256, "bytes": entry.bytes}
    if not taken:
        raise ArtifactError(f"{ref.name} holds no files{f' below {below}' if below else ''} to release")
    return taken


def _link_or_copy(source: Path, target: Path) -> None:
    """Link (no second copy of gigabytes on the disk), or copy where links are impossible."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copy2(source, target)


def _story(stages: Mapping[str, Ref]) -> dict[str, Any]:
    """Return the lineage, the data, the base model, scores, verdict and proofs."""
    store = Store()
    manifests = {role: store.manifest(ref) for role, ref in stages.items()}
    files = {
        "base": ("base", "base.json"),
        "scores_base": ("evaluation_base", "scores.json"),
        "scores_tuned": ("evaluation_tuned", "scores.json"),
        "verdict": ("gating", "verdict.json"),
        "parity": ("merging", "parity.json"),
        "proof": ("serving", "proof.json"),
    }
    said = {
        what: read_json(store.open(stages[role]) / name) if role in stages else None
        for what, (role, name) in files.items()
    }
    base = said.pop("base")
    return {
        "data": {role: _data(manifest) for role, manifest in manifests.items() if manifest.kind == "ingest"},
        "base": {part: base[part] for part in ("model", "revision", "source_digest")} if base else None,
        "scores": {"base": said.pop("scores_base"), "tuned": said.pop("scores_tuned")},
        **said,
        "lineage": {role: _lineage(manifest) for role, manifest in manifests.items()},
    }


def _data(manifest: Manifest) -> dict[str, str]:
    """Return the digests of the source files of an ingest."""
    return dict(manifest.parents)


def _lineage(manifest: Manifest) -> dict[str, Any]:
    kept = {"kind", "key", "stage_version", "digest", "created", "params", "libraries", "parents", "counts"}
    return manifest.model_dump(mode="json", include=kept)


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

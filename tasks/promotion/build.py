"""Making a release: checked against the verdict and the proof, built aside, moved in by one rename."""

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.errors import ArtifactError, ConfigError, ProofError, ResourceError
from tasks.promotion.checksums import SUMS_FILE, sums_text
from tasks.promotion.model_card import CARD_FILE, model_card
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
    pointed,
    versions,
)
from tasks.promotion.sbom import SBOM_FILE, sbom
from tasks.promotion.signing import ALGORITHM, PUBLIC_KEY_FILE, SIGNATURE_FILE, fingerprint, public_pem, signing_key
from tasks.promotion.story import FORMAT, story
from tasks.store.keys import digest_of, file_digest
from tasks.store.locks import file_lock
from tasks.store.records import read_json, write_json
from tasks.store.refs import Ref
from tasks.store.store import MANIFEST, Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NEEDED = ("training", "gating", "merging", "serving")
PARTIAL = ".partial"
# Written by the release itself: a stage's file of that name would hide one of them.
OWN = frozenset({RELEASE_FILE, SUMS_FILE, SBOM_FILE, CARD_FILE, SIGNATURE_FILE, PUBLIC_KEY_FILE})
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES})
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def source_of(stages: Mapping[str, Ref], params: PromotionParams) -> str:
    """Return one digest over what a release is made of: the stages, and what its model card quotes.

    The report tells of the stages and adds nothing to them.
    """
    made_of = {role: ref.digest for role, ref in stages.items() if role != "reporting"}
    return digest_of({"stages": made_of, "intended_use": params.intended_use, "limitations": params.limitations})


def signer_of(params: PromotionParams) -> str | None:
    """Return the fingerprint of the key that signs, or None when nothing is signed.

    Raises:
        ConfigError: The key cannot be used.
    """
    return fingerprint(signing_key().public_key()) if params.sign else None


def check(stages: Mapping[str, Ref], params: PromotionParams) -> None:
    """Refuse what must not serve.

    Raises:
        ConfigError: A stage is missing, no server has proven the directory and the parameters do not allow that, or the
            key to sign with cannot be used.
        ProofError: The verdict is not `pass`, or a proof failed.
    """
    missing = [role for role in NEEDED if role not in stages]
    if missing:
        raise ConfigError(f"a release needs the results of {', '.join(NEEDED)}; missing: {', '.join(missing)}")
    signer_of(params)
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


def publish(
    name: str, stages: Mapping[str, Ref], params: PromotionParams, approval: Mapping[str, Any] | None = None
) -> Release:
    """Return the release of these stages, making it and pointing to it when there is none yet.

    Args:
        name: The model's name.
        stages: References of the run's stages, by role.
        params: What may be released, and what the release says of itself.
        approval: What a person decided about the model; kept in the release. An approval alone makes no new release.

    Raises:
        ConfigError: The name, or what `check` refuses.
        ProofError: What `check` refuses.
        ArtifactError: A file differs from what its stage wrote.
        ResourceError: The disk is full; nothing half-made stays behind.
    """
    folder_of(name)
    check(stages, params)
    source = source_of(stages, params)
    with file_lock(lock_of(name), waiting_for=f"the releases of {name}"):
        settle(name)
        version = find_source(name, source, signer_of(params))
        made_now = version is None
        if version is None:
            version = _next_version(name)
            head = {"format": FORMAT, "name": name, "version": version, "created": _now(), "source": source}
            _build(
                folder_of(name), head | {"replaces": pointed(name)} | story(stages, params, approval), stages, params
            )
        # A release that was the champion once stays where an operator put it; one whose maker died before the pointer
        # moved gets its turn now.
        if all(line["to"] != version for line in history(name)):
            move(name, version, "release", params.reason)
        return describe(name, version, made_now=made_now)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _next_version(name: str) -> str:
    used = [number(version) for version in [*versions(name), *(line["to"] for line in history(name))]]
    return f"v{max(used, default=0) + 1}"


def _build(folder: Path, said: dict[str, Any], stages: Mapping[str, Ref], params: PromotionParams) -> None:
    partial = folder / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)  # the lock is held: a left-over is a dead process's
    try:
        partial.mkdir(parents=True)
        _seal(partial, said | {"files": _fill(partial, stages)}, signing_key() if params.sign else None)
        _sync_tree(partial)
        partial.replace(_free(folder, said["version"]))
        sync_folder(folder)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise ResourceError(
                f"the disk is full below {folder}: {said['name']} was not released. Free some space, for example with "
                "`finetune-flows clean`, and run again: finished stages are kept."
            ) from error
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _seal(out: Path, said: dict[str, Any], key: "Ed25519PrivateKey | None") -> None:
    """Write what the release says of itself: card, bill of materials, `release.json`, checksums, and its signature."""
    said["signature"] = {"algorithm": ALGORITHM, "key": fingerprint(key.public_key())} if key else None
    if key:
        _own(out, said, PUBLIC_KEY_FILE, public_pem(key))
    _own(out, said, CARD_FILE, model_card(said).encode())
    _own(out, said, SBOM_FILE, sbom(said).encode())
    said["files"] = dict(sorted(said["files"].items()))
    write_json(out / RELEASE_FILE, said)
    digests = {name: entry["sha256"] for name, entry in said["files"].items()}
    sums = sums_text({**digests, RELEASE_FILE: file_digest(out / RELEASE_FILE)}).encode()
    (out / SUMS_FILE).write_bytes(sums)
    if key:
        (out / SIGNATURE_FILE).write_bytes(key.sign(sums))


def _own(out: Path, said: dict[str, Any], name: str, data: bytes) -> None:
    (out / name).write_bytes(data)
    said["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


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
        if name in OWN or target.exists():
            raise ArtifactError(f"{ref.name} brings a file {name}, which the release has already: rename it there")
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


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""What can be checked of a release again, offline: one function for each line of `finetune-flows verify`.

A function returns what it found, raises what is wrong (`ProofError`, `ArtifactError`), or raises `UncheckedError` with
why it cannot tell.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.base.licence import front_matter
from tasks.errors import ArtifactError, FinetuneError, ProofError
from tasks.promotion.checksums import SUMS_FILE, read_sums
from tasks.promotion.model_card import CARD_FILE, PIPELINE_TAG
from tasks.promotion.registry import RELEASE_FILE
from tasks.promotion.sbom import SBOM_FILE, disagreements, problems
from tasks.promotion.signing import (
    PUBLIC_KEY_FILE,
    SIGNATURE_FILE,
    check_signature,
    fingerprint,
    read_public_key,
)
from tasks.promotion.story import FORMAT
from tasks.store.records import read_json

NAMED_AT_MOST = 5


class UncheckedError(FinetuneError):
    """There is nothing to check, or nothing to check it with."""


@dataclass(frozen=True)
class Opened:
    """A release that is being checked.

    Attributes:
        folder: Its directory.
        said: Content of its `release.json`.
        digests: sha256 of every file that lies there, read now.
        links: Names of what is neither a file nor a folder.
        public_key: PEM file of the key that must have signed it, or None.
    """

    folder: Path
    said: dict[str, Any]
    digests: dict[str, str]
    links: tuple[str, ...]
    public_key: Path | None


def release_file(release: Opened) -> str:
    """Check the format of `release.json`."""
    found = release.said.get("format", 1)
    if found == FORMAT:
        return f"format {FORMAT}, {release.said['name']} {release.said['version']} of {release.said['created']}"
    if not isinstance(found, int) or found > FORMAT:
        raise ProofError(f"format {found} is not known here: check it with the version of this project that wrote it")
    missing = [name for name in (SUMS_FILE, SBOM_FILE, CARD_FILE) if name not in release.digests]
    raise ProofError(
        f"format {found} is older than {FORMAT}; missing: {', '.join([*missing, 'licence', 'approval'])}. Run its flow "
        "again to release the model in the present format"
    )


def files(release: Opened) -> str:
    """Compare every file with its checksum; none may be missing, none too many."""
    listed = {name: entry["sha256"] for name, entry in release.said["files"].items()}
    own = {RELEASE_FILE, SUMS_FILE} | ({SIGNATURE_FILE} if release.said.get("signature") else set())
    wrong = [f"{name} is a link" for name in release.links]
    wrong += [f"{name} is missing" for name in listed if name not in release.digests]
    wrong += [f"{name} is not listed" for name in sorted(release.digests) if name not in listed and name not in own]
    wrong += [
        f"{name} has another checksum" for name in listed if release.digests.get(name, listed[name]) != listed[name]
    ]
    _raise(wrong)
    size = sum((release.folder / name).stat().st_size for name in listed)
    return f"{len(listed)} files, {size / 1e6:.1f} MB"


def sums(release: Opened) -> str:
    """Compare `SHA256SUMS` with what lies there; it covers `release.json` too."""
    _needs(release, SUMS_FILE)
    said = read_sums(release.folder / SUMS_FILE)
    expected = set(release.said["files"]) | {RELEASE_FILE}
    wrong = [f"{name} is not in it" for name in sorted(expected - set(said))]
    wrong += [f"it names {name}, which is no part of the release" for name in sorted(set(said) - expected)]
    wrong += [
        f"{name} has another checksum"
        for name in sorted(expected & set(said))
        if release.digests.get(name) != said[name]
    ]
    _raise(wrong)
    return f"{len(said)} lines, as `sha256sum -c` reads them"


def bill_of_materials(release: Opened) -> str:
    """Check the bill of materials against its format's schema and against `release.json`."""
    _needs(release, SBOM_FILE)
    text = (release.folder / SBOM_FILE).read_text(encoding="utf-8")
    _raise(problems(text) or disagreements(text, release.said))
    return f"CycloneDX 1.6, {len(json.loads(text)['components'])} components"


def model_card(release: Opened) -> str:
    """Check that the card's front matter is that of this release."""
    _needs(release, CARD_FILE)
    said = front_matter((release.folder / CARD_FILE).read_text(encoding="utf-8"))
    expected = {"license": (release.said["license"] or "").lower() or None, "pipeline_tag": PIPELINE_TAG}
    expected["base_model"] = (release.said["base"] or {}).get("hub_id")
    _raise([f"{name} is {said.get(name)} instead of {one}" for name, one in expected.items() if said.get(name) != one])
    return f"{CARD_FILE}, front matter as released"


def verdict(release: Opened) -> str:
    """Check that the gate let the model pass, and that the report in the release says the same."""
    said = release.said["verdict"]
    if said["outcome"] != "pass":
        raise ProofError(f"the verdict is '{said['outcome']}', and only 'pass' is released")
    blocking = [row["name"] for row in said.get("rows", []) if row.get("outcome") in {"fail", "inconclusive"}]
    _raise([f"'{name}' did not pass, and the verdict is 'pass' all the same" for name in blocking])
    report = release.folder / "results.json"
    if report.is_file() and (told := read_json(report).get("verdict")) not in (None, said):
        raise ProofError(f"the report tells of another verdict: '{told.get('outcome')}'")
    return f"pass, {len(said.get('rows', []))} rows"


def parity(release: Opened) -> str:
    """Check that the merged model was measured against base + adapter, and passed."""
    said = release.said["parity"]
    if not said or not said["passed"] or said.get("missed"):
        raise ProofError("the merged model did not answer as base + adapter do")
    return f"passed on {said['probes']} probes" if "probes" in said else "passed"


def proof(release: Opened) -> str:
    """Check that a live server has answered, and that `proof.json` is the one that was released."""
    said = release.said["proof"]
    if read_json(release.folder / "proof.json") != said:
        raise ProofError("proof.json is not the proof that release.json tells of")
    if said["proven"]:
        return f"{said['server']} answered"
    if said["server"] == "absent":
        raise UncheckedError(f"no server has answered from this model: {said['why']}")
    raise ProofError(f"{said['server']} did not answer as it should: {said['why']}")


def approval(release: Opened) -> str:
    """Tell what a person decided, where one was asked."""
    said = release.said.get("approval")
    if not said:
        raise UncheckedError("nobody was asked")
    return ", ".join(f"{name}: {value}" for name, value in said.items())


def licence(release: Opened) -> str:
    """Tell the base's licence, and check that the release says the same in each place."""
    said, base = release.said.get("license"), release.said.get("base") or {}
    if said != base.get("license"):
        raise ProofError(f"the release says {said}, its base {base.get('license')}")
    if not said:
        raise UncheckedError("the base model states none")
    return str(said)


def signature(release: Opened) -> str:
    """Check the signature over the checksums, with the key that was given or else the one in the release."""
    said = release.said.get("signature")
    given = read_public_key(release.public_key) if release.public_key else None
    if not said:
        if given:
            raise ProofError(f"it is not signed, and a signature of {fingerprint(given)} is wanted")
        raise UncheckedError("it is not signed")
    _needs(release, SUMS_FILE)
    if SIGNATURE_FILE not in release.digests:
        raise ProofError(f"{SIGNATURE_FILE} is missing")
    key = given or read_public_key(release.folder / PUBLIC_KEY_FILE)
    if fingerprint(key) != said["key"]:
        raise ProofError(f"it is signed by {said['key']}, not by {fingerprint(key)}")
    check_signature(key, (release.folder / SIGNATURE_FILE).read_bytes(), (release.folder / SUMS_FILE).read_bytes())
    if not given:
        raise UncheckedError(
            f"the signature fits the key that comes with the release ({said['key']}); whose key that is, "
            "`--public-key FILE` can tell"
        )
    return f"signed by {said['key']}"


def _needs(release: Opened, name: str) -> None:
    if name in release.digests:
        return
    if release.said.get("format", 1) < FORMAT:
        raise UncheckedError(f"an older release has no {name}")
    raise ArtifactError(f"{name} is missing")


def _raise(wrong: list[str]) -> None:
    if wrong:
        more = f"; and {len(wrong) - NAMED_AT_MOST} more" if len(wrong) > NAMED_AT_MOST else ""
        raise ProofError("; ".join(wrong[:NAMED_AT_MOST]) + more)

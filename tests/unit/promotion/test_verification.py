"""A release checked again: whole ones pass, and each kind of damage is found by the check that is there for it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deployments.cli import main
from tasks.errors import ConfigError
from tasks.promotion.build import publish
from tasks.promotion.checksums import read_sums, sums_text
from tasks.promotion.params import PromotionParams
from tasks.promotion.signing import KEY_VARIABLE, public_pem
from tasks.promotion.verification import CHECKS, locate, passed, verify_release
from tasks.store.refs import Ref
from tests.unit.promotion.test_signing import pem, write_key

MakeRun = Callable[..., dict[str, Ref]]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a signing key, name it in the environment, and return the file of its public half."""
    made = Ed25519PrivateKey.generate()
    monkeypatch.setenv(KEY_VARIABLE, str(write_key(tmp_path / "key.pem", pem(made))))
    (tmp_path / "key.pub").write_bytes(public_pem(made))
    return tmp_path / "key.pub"


@pytest.fixture
def folder(key: Path, make_run: MakeRun, tmp_path: Path) -> Path:
    """Make a signed release and return a copy of it, out of the store's reach."""
    approval = {"by": "Ada", "reason": "read the report"}
    release = publish("mails", make_run(), PromotionParams(sign=True), approval)
    return Path(shutil.copytree(release.path, tmp_path / "copy"))


def failed(folder: Path, key: Path | None = None) -> dict[str, str]:
    return {line.check: line.found for line in verify_release(folder, key) if line.result == "FAILED"}


def reseal(folder: Path, **changed: Any) -> None:
    """Do what somebody does who changes a release and covers it up, but has not the key."""
    path = folder / "release.json"
    said = json.loads(path.read_text()) | changed
    for name in list(said["files"]):
        if (folder / name).is_file():
            data = (folder / name).read_bytes()
            said["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        else:
            del said["files"][name]
    path.write_text(json.dumps(said))
    digests = {name: entry["sha256"] for name, entry in said["files"].items()}
    (folder / "SHA256SUMS").write_text(
        sums_text({**digests, "release.json": hashlib.sha256(path.read_bytes()).hexdigest()})
    )


def test_a_whole_release_passes_every_check(folder: Path, key: Path) -> None:
    lines = verify_release(folder, key)
    assert {line.result for line in lines} == {"ok"}, lines
    assert [line.check for line in lines] == [name for name, _ in CHECKS]
    found = {line.check: line.found for line in lines}
    assert found["approval"] == "by: Ada, reason: read the report"
    assert found["weights"] == "2 safetensors files, 4 tensors"
    assert found["licence"] == "apache-2.0"
    assert passed(lines, strict=True)


def test_sha256sum_agrees(folder: Path) -> None:
    import subprocess

    assert subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    assert len(read_sums(folder / "SHA256SUMS")) == len([path for path in folder.rglob("*") if path.is_file()]) - 2


def test_without_the_public_key_nobody_says_whose_it_is(folder: Path) -> None:
    lines = {line.check: line for line in verify_release(folder)}
    assert lines["signature"].result == "not checked"
    assert "--public-key" in lines["signature"].found
    assert passed(list(lines.values()))
    assert not passed(list(lines.values()), strict=True)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


DAMAGE: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a bit of the weights": (
        lambda at: flip(at / "model/model.safetensors"),
        {"files", "checksums", "bill of materials"},
    ),
    "a lost file": (lambda at: (at / "vllm.yaml").unlink(), {"files", "checksums"}),
    "a file too many": (lambda at: (at / "model/extra.json").write_text("{}"), {"files"}),
    "a link": (lambda at: (at / "model/more").symlink_to("/etc/hostname"), {"files"}),
    "a link to a folder": (lambda at: (at / "more").symlink_to("/etc"), {"files"}),
    "a changed release.json": (
        lambda at: (at / "release.json").write_text((at / "release.json").read_text() + " "),
        {"checksums"},
    ),
    "a pickle": (lambda at: (at / "model/pytorch_model.bin").write_bytes(b"x"), {"files", "weights"}),
    "code": (lambda at: (at / "model/modeling.py").write_text("x = 1"), {"files", "weights"}),
    "another signature": (lambda at: flip(at / "release.sig"), {"signature"}),
    "no signature": (lambda at: (at / "release.sig").unlink(), {"signature"}),
    "other checksums": (lambda at: (at / "SHA256SUMS").write_text("none\n"), {"checksums", "signature"}),
    "no checksums": (lambda at: (at / "SHA256SUMS").unlink(), {"checksums", "signature"}),
    "a half-written release.json": (lambda at: (at / "release.json").write_text("{"), {"release.json"}),
    "no release.json": (lambda at: (at / "release.json").unlink(), {"release.json"}),
    "a list for release.json": (lambda at: (at / "release.json").write_text("[]"), {"release.json"}),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found_by_the_check_for_it(folder: Path, key: Path, what: str) -> None:
    damage, expected = DAMAGE[what]
    damage(folder)
    found = set(failed(folder, key))
    # The bill of materials compares with release.json, not with the disk.
    assert found == expected - ({"bill of materials"} if what == "a bit of the weights" else set())


def rewrite(name: str, **changed: Any) -> Callable[[Path], object]:
    def act(at: Path) -> None:
        path = at / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return act


def inside(part: str, **changed: Any) -> Callable[[Path], object]:
    def act(at: Path) -> None:
        said = json.loads((at / "release.json").read_text())
        reseal(at, **{part: said[part] | changed})

    return act


TAMPERED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "torn weights": (
        lambda at: (at / "model/model.safetensors").write_bytes((at / "model/model.safetensors").read_bytes()[:-3]),
        "weights", "no whole safetensors file",
    ),
    "a false header": (
        lambda at: (at / "adapter/adapter_model.safetensors").write_bytes(b"\xff" * 64), "weights", "adapter_model",
    ),
    "no adapter": (lambda at: (at / "adapter/adapter_model.safetensors").unlink(), "weights", "adapter/ holds no"),
    "remote code": (rewrite("model/config.json", auto_map={"AutoModel": "x.Y"}), "weights", "auto_map"),
    "an index of other tensors": (
        lambda at: (at / "model/model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"layer": "model.safetensors", "lost": "model.safetensors"}})
        ),
        "weights", "does not name the tensors of model.safetensors",
    ),
    "another template": (
        lambda at: (at / "model/chat_template.jinja").write_text("{{ other }}"), "contract", "not the chat template",
    ),
    "other stop tokens": (rewrite("contract.json", stop_ids=[1, 0]), "contract", "<end> has the id 2, not 1"),
    "another generation config": (
        rewrite("model/generation_config.json", temperature=2), "contract", "generation_config",
    ),
    "a failed verdict": (inside("verdict", outcome="fail"), "verdict", "'fail'"),
    "a row that did not pass": (
        inside("verdict", rows=[{"name": "guardrails", "outcome": "inconclusive"}]), "verdict", "'guardrails'",
    ),
    "another report": (rewrite("results.json", verdict={"outcome": "fail"}), "verdict", "another verdict"),
    "failed parity": (inside("parity", passed=False), "parity", "base \\+ adapter"),
    "a missed limit": (inside("parity", missed=["kl"]), "parity", "base \\+ adapter"),
    "another proof": (rewrite("proof.json", server="other 1"), "live proof", "not the proof"),
    "another licence": (lambda at: reseal(at, license="mit"), "licence", "says mit, its base apache-2.0"),
    "another name": (lambda at: reseal(at, name="others"), "bill of materials", "differs in name"),
    "a bill without the base": (
        lambda at: (at / "sbom.cdx.json").write_text(
            json.dumps(
                (bom := json.loads((at / "sbom.cdx.json").read_text()))
                | {"components": [one for one in bom["components"] if one["bom-ref"] != "base"], "dependencies": []}
            )
        ),
        "bill of materials", "base is missing",
    ),
    "a bill that is none": (rewrite("sbom.cdx.json", specVersion=7), "bill of materials", "7"),
    "a card of another model": (
        lambda at: (at / "README.md").write_text((at / "README.md").read_text().replace("org/model", "org/x")),
        "model card", "org/x instead of org/model",
    ),
    "a newer format": (lambda at: reseal(at, format=9), "release.json", "format 9 is not known"),
    "nonsense inside": (lambda at: reseal(at, parity="yes"), "parity", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_and_covered_up_is_found(folder: Path, key: Path, what: str) -> None:
    change, check, message = TAMPERED[what]
    change(folder)
    reseal(folder)
    found = failed(folder, key)
    assert "signature" in found, "who has not the key cannot cover it up"
    assert check in found
    import re

    assert re.search(message, found[check])


def test_a_release_that_somebody_else_signed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_bytes(public_pem(Ed25519PrivateKey.generate()))
    assert set(failed(folder, other)) == {"signature"}


def test_an_unsigned_release_where_a_signature_is_wanted(make_run: MakeRun, key: Path) -> None:
    folder = Path(publish("mails", make_run(), PromotionParams()).path)
    assert failed(folder) == {}
    assert "is not signed" in failed(folder, key)["signature"]


def test_an_unproven_release_is_not_checked_and_a_licence_may_be_missing(make_run: MakeRun) -> None:
    stages = make_run(proof={"proven": False, "server": "absent", "why": "vLLM is not here"}, base={"license": None})
    folder = Path(publish("mails", stages, PromotionParams(allow_unproven=True)).path)
    lines = {line.check: line for line in verify_release(folder)}
    assert (lines["live proof"].result, lines["licence"].result) == ("not checked", "not checked")
    assert "vLLM is not here" in lines["live proof"].found
    assert "license" not in (folder / "README.md").read_text().split("---")[1]


def test_an_older_release_says_what_is_missing(folder: Path) -> None:
    said = json.loads((folder / "release.json").read_text())
    for name in ("format", "signature", "license", "approval", "champion"):
        del said[name]
    del said["base"]["license"]
    for name in ("README.md", "sbom.cdx.json", "release.pub"):
        del said["files"][name]
    (folder / "release.json").write_text(json.dumps(said))
    for name in ("README.md", "sbom.cdx.json", "release.pub", "release.sig", "SHA256SUMS"):
        (folder / name).unlink()
    lines = {line.check: line for line in verify_release(folder)}
    assert lines["release.json"].result == "FAILED"
    assert "missing: SHA256SUMS, sbom.cdx.json, README.md, licence, approval" in lines["release.json"].found
    assert [name for name, line in lines.items() if line.result == "FAILED"] == ["release.json"]
    for name in ("files", "weights", "contract", "verdict", "parity", "live proof"):
        assert lines[name].result == "ok"


def test_releases_are_named_or_lie_somewhere(
    folder: Path, make_run: MakeRun, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mails", make_run("b"), PromotionParams())
    releases = home / "releases" / "mails"
    assert locate(str(folder)) == folder
    assert (locate("mails"), locate("mails/v1"), locate("mails/champion")) == (
        releases / "v2", releases / "v1", releases / "v2",
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert locate("copy") == folder
    (tmp_path / "mails").mkdir()
    assert locate("mails") == releases / "v2", "a folder that is no release does not hide a name"
    for unknown in ("nothing", "mails/v9", "mails/../v1", "../mails"):
        with pytest.raises(ConfigError, match="neither the directory of a release"):
            locate(unknown)


def test_the_command_prints_a_line_for_each_check(folder: Path, key: Path) -> None:
    done = CliRunner().invoke(main, ["verify", str(folder), "--public-key", str(key), "--strict"])
    assert done.exit_code == 0, done.output
    assert f"VERIFIED: {len(CHECKS)} ok" in done.output
    flip(folder / "model" / "model.safetensors")
    done = CliRunner().invoke(main, ["verify", str(folder), "--json"])
    assert done.exit_code == 1
    said = json.loads(done.output)
    assert said["passed"] is False
    assert {one["check"]: one["result"] for one in said["checks"]}["files"] == "FAILED"
    assert CliRunner().invoke(main, ["verify", str(folder), "--public-key", str(folder / "vllm.yaml")]).exit_code == 2
    assert CliRunner().invoke(main, ["verify", "nothing"]).exit_code == 2
    done = CliRunner().invoke(main, ["verify", "mails", "--strict"])
    assert (done.exit_code, "NOT VERIFIED" in done.output) == (1, True)
    assert CliRunner().invoke(main, ["verify", "mails"]).exit_code == 0

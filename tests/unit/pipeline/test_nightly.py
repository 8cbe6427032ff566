"""When a night has nothing to do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.pipeline import task as door
from tasks.pipeline.nightly import FIELDS, reason_to_skip
from tasks.pipeline.params import FinetuneParams
from tasks.store.keys import file_digest


@pytest.fixture
def settings(tmp_path: Path) -> FinetuneParams:
    (tmp_path / "mails.jsonl").write_text('{"text": "a"}\n')
    return FinetuneParams.model_validate(
        {"name": "mails", "files": [str(tmp_path / "mails.jsonl")], "heldout_files": [], "mixing": {"share": 0}}
    )


@pytest.fixture
def champion(settings: FinetuneParams, home: Path) -> dict[str, Any]:
    """Write a release made with these settings, and point to it."""
    source = Path(settings.files[0])
    said: dict[str, Any] = {
        "name": "mails",
        "version": "v1",
        "data": {"ingest": {f"file:{source}": file_digest(source), "order": "o", "origin": "task"}},
        "lineage": {role: {"params": getattr(settings, name).model_dump(mode="json")} for role, name in FIELDS.items()},
        "files": {},
    }
    folder = home / "releases" / "mails"
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "release.json").write_text(json.dumps(said))
    (folder / "champion").symlink_to("v1")
    return said


@pytest.mark.usefixtures("champion")
def test_unchanged_data_and_parameters_are_skipped(settings: FinetuneParams) -> None:
    assert "mails v1, which serves" in reason_to_skip(settings, None, 6)


@pytest.mark.usefixtures("champion")
def test_changed_data_is_a_reason(settings: FinetuneParams) -> None:
    Path(settings.files[0]).write_text('{"text": "b"}\n')
    assert reason_to_skip(settings, None, 6) == ""


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize(
    "change",
    [
        {"training": {"r": 8}},
        {"evaluation": {"max_new_tokens": 7}},
        {"gating": {"alpha": 0.1}},
        {"merging": {"probes": 3}},
        {"serving": {"model_name": "other"}},
    ],
    ids=str,
)
def test_a_changed_parameter_of_any_stage_is_a_reason(settings: FinetuneParams, change: dict[str, Any]) -> None:
    changed = FinetuneParams.model_validate(settings.model_dump() | change)
    assert reason_to_skip(changed, None, 6) == ""


def test_a_changed_policy_file_is_a_reason(settings: FinetuneParams, champion: dict[str, Any], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("general: {max_drop: 0.1}\n")
    named = FinetuneParams.model_validate(settings.model_dump() | {"gating": {"policy": str(policy)}})
    release = tmp_path / "home" / "releases" / "mails" / "v1" / "release.json"
    champion["lineage"]["gating"] = {
        "params": named.gating.model_dump(mode="json"),
        "parents": {"policy": file_digest(policy)},
    }
    release.write_text(json.dumps(champion))
    assert "which serves" in reason_to_skip(named, None, 6)
    policy.write_text("general: {max_drop: 0.01}\n")
    assert reason_to_skip(named, None, 6) == ""


def test_every_stage_of_the_settings_is_compared() -> None:
    plain = {"name", "files", "heldout_files", "release", "approval", "gpu_stages"}
    assert set(FIELDS.values()) == set(FinetuneParams.model_fields) - plain


def test_without_a_champion_there_is_a_reason(settings: FinetuneParams) -> None:
    assert reason_to_skip(settings, None, 6) == ""


@pytest.mark.usefixtures("champion")
def test_a_night_long_past_is_let_go(settings: FinetuneParams) -> None:
    Path(settings.files[0]).write_text('{"text": "b"}\n')
    now = datetime.now(UTC)
    assert "more than 6 hours ago" in reason_to_skip(settings, now - timedelta(hours=7), 6)
    assert reason_to_skip(settings, now - timedelta(hours=5), 6) == ""


@pytest.mark.parametrize(("pauses", "skipped"), [(set(), True), (None, True), ({"release-x-0"}, False)])
def test_a_night_that_waited_for_a_person_is_not_late(
    settings: FinetuneParams, monkeypatch: pytest.MonkeyPatch, pauses: set[str] | None, skipped: bool
) -> None:
    run = SimpleNamespace(
        auto_scheduled=True,
        expected_start_time=datetime.now(UTC) - timedelta(hours=20),
        empirical_policy=SimpleNamespace(pause_keys=pauses),
    )
    monkeypatch.setattr(door, "FlowRunContext", SimpleNamespace(get=lambda: SimpleNamespace(flow_run=run)))
    state = door.skip_tonight(settings, 6)
    assert (state is not None and state.name == "Skipped") is skipped

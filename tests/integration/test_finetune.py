"""The whole flow on a tiny model: what runs, what is reused, what is built again, what is refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow

from deployments.demo.generate import HERE
from flows.finetune import finetune
from tasks.errors import ConfigError, DataError
from tasks.pipeline.params import FinetuneParams
from tasks.promotion.registry import champion, versions
from tests.tiny import FEW_PROBES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

STAGES = [
    "ingest", "screening", "dedup", "quality", "mixing", "splitting", "leakage", "base", "rendering", "training",
    "evaluation", "gating",
]  # fmt: skip
RELEASE_STAGES = ["merging", "serving", "reporting", "promotion"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a share of the demo's mails: good rows, bad rows and duplicates."""
    root = tmp_path_factory.mktemp("finetune")
    for name, rows in (("mails-chat", 120), ("heldout", 6)):
        lines = (HERE / "data" / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
        (root / f"{name}.jsonl").write_bytes(b"".join(lines[:rows]))
    shutil.copyfile(HERE / "data" / "general.jsonl", root / "general.jsonl")
    return root


@pytest.fixture(scope="module")
def shared_home(folder: Path) -> Path:
    return folder / "home"


@pytest.fixture(autouse=True)
def _home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_HOME", str(shared_home))
    monkeypatch.setenv("FINETUNE_FLOWS_VLLM_PYTHON", str(shared_home / "no-server"))
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture
def settings(folder: Path, tiny_model: Path) -> dict[str, Any]:
    return {
        "name": "tiny",
        "files": [str(folder / "mails-chat.jsonl")],
        "heldout_files": [str(folder / "heldout.jsonl")],
        "ingest": {"max_quarantined_share": 0.2},
        "dedup": {"embedding": False},
        "quality": {"min_rows": 50},
        "leakage": {"embedding_rows": 0},
        "mixing": {"share": 0.05, "files": [str(folder / "general.jsonl")]},
        "base": {"model": str(tiny_model)},
        "rendering": {"max_length": 640, "max_dropped_share": 0.2},
        "training": {"r": 4, "max_steps": 4, "eval_steps": 2, "learning_rate": 0.01, "per_device_train_batch_size": 4},
        "evaluation": {"general_limit": 12, "max_new_tokens": 16, "task_items": 4, "guardrails": FEW_PROBES},
        "gating": {
            "min_task_gain": -1.0,
            "max_general_drop": 1.0,
            "max_metric_drop": 1.0,
            "max_guardrail_drop": 1.0,
            "max_champion_drop": 1.0,
            "min_items": 1,
            "min_task_items": 1,
        },
        "serving": {"probes": 2, "max_new_tokens": 8},
        "merging": {"probes": 2, "greedy_tokens": 4},
        "release": {"allow_unproven": True},
        "approval": {"mode": "off"},
    }


Run = tuple[State[Any], dict[str, Any], Counter[tuple[str, str]]]


@pytest.fixture
def run(server: None, settings: dict[str, Any]) -> Callable[..., Run]:
    """Return a function that runs the flow and tells its state, its result and how its tasks ended."""

    def start(**changes: Any) -> Run:
        merged = {
            key: value | changes.get(key, {}) if isinstance(value, dict) else changes.get(key, value)
            for key, value in settings.items()
        }
        params = FinetuneParams.model_validate(merged)
        state = finetune(**dict(params), return_state=True)
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
            )
        ended = Counter((task.name.split(":")[0], task.state.name) for task in runs)
        return state, state.result(), ended

    return start


def ran(ended: Counter[tuple[str, str]]) -> set[str]:
    return {stage for stage, state in ended if state == "Completed"}


def test_a_release_and_then_nothing_to_do(
    run: Callable[..., Run], shared_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, said, ended = run()
    assert state.name == "Released", state.message
    assert ran(ended) == {*STAGES, *RELEASE_STAGES}
    release = Path(said["release"]["path"])
    assert {"model", "adapter", "serve.sh", "release.json", "report.html", "proof.json"} <= {
        path.name for path in release.iterdir()
    }
    assert not list(release.rglob("*.bin"))
    assert not list(release.rglob("*.pt"))
    assert json.loads((release / "release.json").read_text())["verdict"]["outcome"] == "pass"
    assert champion("tiny")["version"] == "v1"
    assert list((shared_home / "wandb").rglob("*.wandb")), "the offline run of Weights & Biases is kept"

    def no_child(*_arguments: Any, **_keywords: Any) -> None:
        raise AssertionError("an unchanged run started a child process")

    monkeypatch.setattr("tasks.runtime.task.run_child", no_child)
    state, _said, ended = run()
    assert state.name == "Unchanged"
    assert {name for _stage, name in ended} == {"Cached"}


def test_one_changed_parameter_runs_the_stages_behind_it(run: Callable[..., Run]) -> None:
    _state, _said, ended = run(gating={"alpha": 0.1})
    assert ran(ended) == {"gating", "reporting", "promotion"}


def test_one_changed_row_runs_all_but_the_base(run: Callable[..., Run], folder: Path, shared_home: Path) -> None:
    path = folder / "mails-chat.jsonl"
    before, before_it = path.read_bytes(), champion("tiny")["version"]
    lines = before.split(b"\n")
    # A row of the training part: one that is only tested on would leave the training as it is.
    trained = next((shared_home / "artifacts" / "splitting").glob("*/train.jsonl")).read_bytes().splitlines()
    number = next(row["row"] for row in map(json.loads, trained) if b"Many thanks" in lines[row["row"] - 1])
    lines[number - 1] = lines[number - 1].replace(b"Many thanks", b"Thank you")
    path.write_bytes(b"\n".join(lines))
    try:
        state, said, ended = run()
    finally:
        path.write_bytes(before)
    assert state.name == "Released"
    assert ran(ended) == {*STAGES, *RELEASE_STAGES} - {"base"}
    rows = {row["name"]: row for row in said["verdict"]["rows"]}
    assert said["verdict"]["champion"] == f"tiny {before_it}"
    assert rows["against champion: general"]["against"] == f"tiny {before_it}"
    # Held-out rows, general rows and the untouched base keep their results.
    assert ended["ingest", "Cached"] == 2
    assert ended["screening", "Cached"] == 2
    assert ended["evaluation", "Completed"] >= 1


def test_a_damaged_artefact_is_built_again_and_nothing_else(run: Callable[..., Run], shared_home: Path) -> None:
    # The data of the first release again, while another one serves: a comparison that was not made yet.
    _state, _said, ended = run()
    assert ran(ended) == {"evaluation", "gating", "reporting", "promotion"}
    _state, said, ended = run()
    assert ran(ended) == set()
    # This run's alone: with the champion's damaged too, there would be nothing to compare with.
    rendering = json.loads(Path(said["results"]).read_text())["stages"]["rendering"]
    path = shared_home / "artifacts" / rendering / "train.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    _state, _said, ended = run()
    assert ran(ended) == {"rendering"}
    assert list((shared_home / "damaged").iterdir())


def test_a_blocked_model_is_rejected_and_the_champion_stays(run: Callable[..., Run]) -> None:
    serving, there = champion("tiny")["version"], versions("tiny")
    state, said, ended = run(gating={"min_task_gain": 0.9, "on_small_suite": "go on"})
    assert state.is_completed()
    assert state.name == "Rejected"
    assert said["release"] is None
    assert "0.9" in state.message
    assert Path(said["report"]).is_file()
    assert ran(ended) == {"gating", "reporting"}
    assert champion("tiny")["version"] == serving
    assert versions("tiny") == there


def test_a_test_that_is_too_small_for_its_margin_stops_before_training(run: Callable[..., Run]) -> None:
    with pytest.raises(
        ConfigError, match=r"general drop: there are 12 items: this suite cannot resolve 0\.05.* >= 308"
    ):
        run(gating={"max_general_drop": 0.05}, training={"seed": 4321})


def test_bad_rows_over_the_budget_stop_the_run(run: Callable[..., Run]) -> None:
    with pytest.raises(DataError, match="quarantine") as caught:
        run(ingest={"max_quarantined_share": 0.0})
    assert "mails-chat.jsonl" in str(caught.value)


@pytest.fixture
def deploy(server: None, settings: dict[str, Any]) -> Callable[[], Callable[..., Any]]:
    """Return a function that schedules a run of the deployed flow, and returns what runs it as a worker does."""
    made = FinetuneParams.model_validate(settings | {"name": "asked", "approval": {"mode": "required"}})

    def schedule() -> Callable[..., State[Any] | None]:
        with get_client(sync_client=True) as client:
            deployment = client.create_deployment(client.create_flow(finetune), "asked")
            run = client.create_flow_run_from_deployment(deployment, parameters=made.model_dump(mode="json"))

        def go(**form: str) -> State[Any] | None:
            """Run it, with a person's answer if one is given; return its state, or None when it is suspended."""
            with get_client(sync_client=True) as client:
                if form:
                    client.resume_flow_run(run.id, run_input=form)
                present = client.read_flow_run(run.id)
            try:
                state = run_flow(finetune, flow_run=present, parameters=dict(made), return_type="state")
            except Pause:
                return None
            return state

        return go

    return schedule


def test_a_person_rejects_a_model_and_approves_it_the_next_time(deploy: Callable[[], Callable[..., Any]]) -> None:
    first, second = deploy(), deploy()
    assert first() is None
    state = first(decision="reject", by="Ada", reason="worse on dates")
    assert (state.type.value, state.name) == ("COMPLETED", "Rejected")
    assert state.message == "rejected by Ada: worse on dates"
    assert state.result()["release"] is None
    assert "Rejected by Ada" in Path(state.result()["report"]).read_text()
    assert versions("asked") == []

    assert second() is None
    state = second(decision="approve", by="Ada", reason="read the report")
    assert state.name == "Released", state.message
    approval = champion("asked")["approval"]
    assert (approval["decision"], approval["by"], approval["reason"]) == ("approve", "Ada", "read the report")
    said = state.result()
    assert said["approval"] == approval
    assert "Approved by Ada" in Path(said["report"]).read_text()


def test_an_approval_is_refused_where_nobody_can_be_waited_for(run: Callable[..., Run]) -> None:
    with pytest.raises(ConfigError, match="make ui"):
        run(approval={"mode": "required"})

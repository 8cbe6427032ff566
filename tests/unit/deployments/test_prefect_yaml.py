"""`prefect.yaml` and the pools' templates, without a server."""

import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from deployments.bootstrap import POOLS, POOLS_FOLDER
from tasks.settings import PROJECT_ROOT

SAID: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = SAID["deployments"]
ON_GPU = {"train_adapter", "evaluate_model", "export_model"}
KNOWN = {
    "name",
    "entrypoint",
    "description",
    "tags",
    "pull",
    "work_pool",
    "enforce_parameter_schema",
    "concurrency_limit",
    "schedules",
}


def test_every_flow_has_a_deployment_of_its_name() -> None:
    flows = {path.stem for path in (PROJECT_ROOT / "flows").glob("*.py") if path.stem != "__init__"}
    assert {each["name"] for each in DEPLOYMENTS} == flows
    assert len(DEPLOYMENTS) == 8


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])
def test_deployment_is_complete(deployment: dict[str, Any]) -> None:
    name = deployment["name"]
    assert set(deployment) <= KNOWN
    assert deployment["entrypoint"] == f"flows/{name}.py:{name}"
    assert deployment["enforce_parameter_schema"] is True
    assert deployment["work_pool"]["name"] == ("gpu" if name in ON_GPU else "cpu")
    assert deployment["pull"][0]["prefect.deployments.steps.set_working_directory"] == {
        "directory": "{{ $FINETUNE_FLOWS_PROJECT }}"
    }
    assert deployment["tags"]
    assert re.search(r"\*\*Needs:\*\*|\*\*Before switching it on:\*\*", deployment["description"])


def test_the_night_is_off_has_a_slug_and_a_time_zone_and_never_overlaps() -> None:
    nightly = next(each for each in DEPLOYMENTS if each["name"] == "nightly_retrain")
    (schedule,) = nightly["schedules"]
    assert (schedule["slug"], schedule["cron"], schedule["active"]) == ("nightly", "30 2 * * *", False)
    assert ZoneInfo(schedule["timezone"])
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


@pytest.mark.parametrize("pool", POOLS)
def test_every_variable_of_a_template_is_used(pool: str) -> None:
    template = json.loads((POOLS_FOLDER / f"{pool}.json").read_text(encoding="utf-8"))
    variables = set(template["variables"]["properties"])
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    # Prefect merges `env` into the environment that the configuration states itself.
    assert used | {"env"} == variables


def test_there_is_a_template_for_every_pool() -> None:
    assert {path.stem for path in POOLS_FOLDER.glob("*.json")} == set(POOLS)


def test_the_gpu_template_hands_the_devices_to_the_run() -> None:
    template = json.loads((POOLS_FOLDER / "gpu.json").read_text(encoding="utf-8"))
    assert template["job_configuration"]["env"] == {"CUDA_VISIBLE_DEVICES": "{{ cuda_visible_devices }}"}
    # Without a value the worker's own setting stays: an empty one would hide every device.
    assert template["variables"]["properties"]["cuda_visible_devices"]["default"] is None

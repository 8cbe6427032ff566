"""An operator's way: open the form, fill it in, start the run, find the cards; and Ctrl-C leaves nothing behind."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks.pipeline.params import DEMO_FILES
from tasks.settings import PROJECT_ROOT
from tests.e2e.conftest import Stack, ask
from tests.tiny import FEW_PROBES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DEPLOYMENTS = {
    "finetune": "cpu",
    "prepare_dataset": "cpu",
    "train_adapter": "gpu",
    "evaluate_model": "gpu",
    "export_model": "gpu",
    "promote_model": "cpu",
    "rollback_model": "cpu",
    "nightly_retrain": "cpu",
}
CARDS = (
    "card-ingest", "card-screening", "card-dedup", "card-quality", "card-mixing", "card-splitting", "card-leakage",
    "row-accounting",
)  # fmt: skip


def write_more_rows(path: Path) -> Path:
    """Write a few rows of an operator's own."""
    rows = [
        {"instruction": f"Which berth has vessel number {number}?", "response": f"Berth {number % 7}."}
        for number in range(40)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_deployment_is_there_on_its_pool_with_a_form(stack: Stack) -> None:
    for name, pool in DEPLOYMENTS.items():
        deployment = stack.deployment(name)
        assert deployment["work_pool_name"] == pool
        assert deployment["enforce_parameter_schema"] is True
        assert deployment["parameter_openapi_schema"]["properties"], name
        assert deployment["description"].startswith("**"), name
    nightly = stack.deployment("nightly_retrain")
    assert [(each["slug"], each["active"]) for each in nightly["schedules"]] == [("nightly", False)]
    assert nightly["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    pool = ask("GET", f"{stack.address}/api/work_pools/gpu")
    assert pool["concurrency_limit"] == 1


def test_bootstrap_can_be_repeated(stack: Stack) -> None:
    environment = {**os.environ, "PREFECT_API_URL": f"{stack.address}/api", "PREFECT_HOME": str(stack.home / "prefect")}
    subprocess.run([sys.executable, "-m", "deployments.bootstrap"], cwd=PROJECT_ROOT, env=environment, check=True)
    deployments = ask("POST", f"{stack.address}/api/deployments/filter", {})
    assert sorted(each["name"] for each in deployments) == sorted(DEPLOYMENTS)
    assert len(stack.deployment("nightly_retrain")["schedules"]) == 1
    pools = ask("POST", f"{stack.address}/api/work_pools/filter", {})
    assert sorted(pool["name"] for pool in pools) == ["cpu", "gpu"]


def test_a_run_started_from_the_form_ends_and_shows_its_cards(stack: Stack, page: Page) -> None:
    name = f"from-the-form-{uuid.uuid4().hex[:6]}"
    page.goto(f"{stack.address}/v2/deployments/deployment/{stack.deployment('prepare_dataset')['id']}/run")

    more = write_more_rows(stack.home / "inbox" / "more.jsonl")
    page.get_by_label("Run Name").fill(name)
    page.get_by_role("button", name="Add item").first.click()
    page.locator("textarea").nth(len(DEMO_FILES)).fill(str(more))
    page.get_by_label("Longest row (characters)").fill("20000")
    page.get_by_label("Remove paraphrases").click()
    page.get_by_label("Share of general data (0 to 1)").fill("0.05")
    page.get_by_role("button", name="Submit").click()

    run = stack.run(name)
    assert run["parameters"]["files"] == [*DEMO_FILES, str(more)]
    assert run["parameters"]["ingest"]["max_chars"] == 20000
    assert run["parameters"]["dedup"]["embedding"] is False
    ended = stack.wait(run["id"])
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]

    page.goto(f"{stack.address}/v2/runs/flow-run/{run['id']}?tab=Artifacts")
    expect(page.get_by_text("Completed").first).to_be_visible()
    for card in CARDS:
        expect(page.get_by_text(card).first).to_be_visible()
    page.get_by_text(CARDS[0]).first.click()
    page.wait_for_url("**/artifacts/artifact/**")
    expect(page.get_by_text(str(stack.home / "artifacts" / "ingest")).first).to_be_visible()
    expect(page.get_by_role("table").first).to_be_visible()


def test_the_form_refuses_what_the_schema_forbids(stack: Stack, page: Page) -> None:
    name = f"refused-{uuid.uuid4().hex[:6]}"
    page.goto(f"{stack.address}/v2/deployments/deployment/{stack.deployment('prepare_dataset')['id']}/run")
    page.get_by_label("Run Name").fill(name)
    share = page.get_by_label("Share of general data (0 to 1)")
    share.fill("0.9")
    page.get_by_role("button", name="Submit").click()
    assert "0.2" in share.evaluate("field => field.validationMessage")
    wanted = {"flow_runs": {"name": {"any_": [name]}}}
    assert ask("POST", f"{stack.address}/api/flow_runs/filter", wanted) == []


def field(page: Page, label: str) -> Locator:
    """Return a form's field; all have defaults, which the form says beside the label."""
    return page.get_by_label(f"{label} (Optional)", exact=True)


def choose(page: Page, title: str, option: str) -> None:
    """Choose from a form's list."""
    page.get_by_label(f"Select {title}").click()
    page.get_by_role("option", name=option).click()


def test_finetune_started_from_its_form_waits_for_a_person_and_ends_in_a_release(
    stack: Stack, page: Page, tiny_model: Path
) -> None:
    name = f"form-{uuid.uuid4().hex[:6]}"
    model = stack.home / "inbox" / "model-for-the-form"
    shutil.copytree(tiny_model, model, dirs_exist_ok=True)
    page.goto(f"{stack.address}/v2/deployments/deployment/{stack.deployment('finetune')['id']}/run")
    fields = {
        "Base model": str(model),
        "Longest row (tokens)": "640",
        "Allowed share of dropped rows": "0.5",
        "Adapter rank r": "4",
        "Most steps (0: no limit)": "2",
        "Learning rate": "0.01",
        "Most task items (0: all)": "4",
        "Most items of each general task (0: all)": "12",
        "Smallest gain on the task (share)": "-1",
        "Largest drop in general ability (share)": "1",
        "Fewest general items": "1",
        "Fewest task items": "1",
    }
    page.get_by_label("Run Name").fill(f"{name} by hand")
    field(page, "name").fill(name)
    for label, value in fields.items():
        field(page, label).fill(value)
    field(page, "Remove paraphrases").click()
    field(page, "Release without a live server's proof").click()
    choose(page, "Prove on a real server", "skip")
    choose(page, "A person must approve", "required")
    page.get_by_role("button", name="Submit").click()
    started = stack.run(f"{name} by hand")
    run = started["id"]
    assert started["parameters"]["name"] == name
    assert started["parameters"]["training"]["max_steps"] == 2
    assert started["parameters"]["serving"]["prove"] == "skip"
    waiting = stack.wait(run, states={"PAUSED"})
    assert waiting["state_name"] == "Suspended", waiting["state"]["message"]
    assert not (stack.home / "releases" / name).exists()

    answer(stack, page, run, "approve", "The report reads well.")
    ended = stack.wait(run)
    assert ended["state_name"] == "Released", ended["state"]["message"]
    release = stack.home / "releases" / name / "v1"
    approval = json.loads((release / "release.json").read_text())["approval"]
    assert (approval["decision"], approval["by"]) == ("approve", "Ada Approver")
    assert "Approved by Ada Approver" in (release / "report.html").read_text()
    # What was done before the wait is reused, not done again.
    tasks = ask("POST", f"{stack.address}/api/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    assert sum(task["name"].startswith("training") and task["state_name"] == "Completed" for task in tasks) == 1

    page.goto(f"{stack.address}/v2/runs/flow-run/{run}?tab=Artifacts")
    for card in ("card-training", "card-gating", "card-serving", "results"):
        expect(page.get_by_text(card).first).to_be_visible()


def answer(stack: Stack, page: Page, run: str, decision: str, reason: str) -> None:
    """Decide about a suspended run, as its page lets a person do."""
    page.goto(f"{stack.address}/v2/runs/flow-run/{run}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Without an answer within")).to_be_visible()
    choose(page, "Decision", decision)
    dialog.get_by_label("Your name (Optional)").fill("Ada Approver")
    dialog.get_by_label("Reason (Optional)").fill(reason)
    dialog.get_by_role("button", name="Resume").click()


def start_quickly(stack: Stack, tiny_model: Path, name: str, approval: dict[str, object]) -> str:
    """Start `finetune` on few rows and a tiny model, to be approved by a person, and return the run's id."""
    inbox = stack.home / "inbox"
    shutil.copytree(tiny_model, inbox / "tiny", dirs_exist_ok=True)
    data = PROJECT_ROOT / "deployments" / "demo" / "data"
    for each, rows in (("mails-chat", 120), ("heldout", 6), ("general", 257)):
        lines = (data / f"{each}.jsonl").read_bytes().splitlines(keepends=True)
        (inbox / f"few-{each}.jsonl").write_bytes(b"".join(lines[:rows]))
    parameters = {
        "name": name,
        "files": [str(inbox / "few-mails-chat.jsonl")],
        "heldout_files": [str(inbox / "few-heldout.jsonl")],
        "ingest": {"max_quarantined_share": 0.2},
        "dedup": {"embedding": False},
        "quality": {"min_rows": 50},
        "mixing": {"share": 0.05, "files": [str(inbox / "few-general.jsonl")]},
        "leakage": {"embedding_rows": 0},
        "base": {"model": str(inbox / "tiny")},
        "rendering": {"max_length": 640, "max_dropped_share": 0.2},
        "training": {"r": 4, "max_steps": 2, "learning_rate": 0.01},
        "evaluation": {"general_limit": 12, "max_new_tokens": 16, "task_items": 4, "guardrails": FEW_PROBES},
        "gating": {"min_task_gain": -1, "max_general_drop": 1, "min_items": 1, "min_task_items": 1},
        "serving": {"prove": "skip"},
        "merging": {"probes": 2, "greedy_tokens": 4},
        "release": {"allow_unproven": True},
        "approval": {"mode": "required", **approval},
    }
    deployment = stack.deployment("finetune")["id"]
    run = ask("POST", f"{stack.address}/api/deployments/{deployment}/create_flow_run", {"parameters": parameters})
    return str(run["id"])


def test_finetune_is_rejected_by_a_person_and_by_silence(stack: Stack, page: Page, tiny_model: Path) -> None:
    name = f"reject-{uuid.uuid4().hex[:6]}"
    run = start_quickly(stack, tiny_model, name, {})
    stack.wait(run, states={"PAUSED"})
    answer(stack, page, run, "reject", "worse on dates")
    ended = stack.wait(run)
    assert (ended["state_name"], ended["state"]["message"]) == ("Rejected", "rejected by Ada Approver: worse on dates")
    # The next run asks again.
    ended = stack.wait(start_quickly(stack, tiny_model, name, {"timeout_hours": 0.01}))
    assert ended["state_name"] == "Rejected", ended["state"]["message"]
    assert "not approved within 0.01 hours" in ended["state"]["message"]
    assert not (stack.home / "releases" / name).exists()
    assert ask("POST", f"{stack.address}/api/automations/filter", {}) == [], "the clocks are taken away again"

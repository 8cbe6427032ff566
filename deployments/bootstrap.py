"""Pools and deployments on a server, made or brought up to date: `python -m deployments.bootstrap`.

Safe to repeat. It talks to the server that `PREFECT_API_URL` names and changes nothing else there.
"""

import json
import logging
import os
import subprocess
import sys

from tasks.errors import ConfigError, FinetuneError
from tasks.settings import PROJECT_ROOT

log = logging.getLogger("deployments.bootstrap")

POOLS_FOLDER = PROJECT_ROOT / "infra" / "pools"
GPU_RUNS_AT_ONCE = 1
POOLS: dict[str, tuple[str, int | None]] = {
    "cpu": ("Data stages and whole flows; several runs at once.", None),
    "gpu": ("Training, evaluation, export; one run at a time for each device.", GPU_RUNS_AT_ONCE),
}


def bootstrap() -> None:
    """Make the work pools and apply `prefect.yaml`.

    Raises:
        ConfigError: No server is named.
        FinetuneError: The deployments could not be applied; the message has Prefect's own words.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigError("PREFECT_API_URL is not set: start a server (`make ui`) and name it, then run this again")
    for name, (description, limit) in POOLS.items():
        make_pool(name, description, limit)
    deploy()


def make_pool(name: str, description: str, limit: int | None) -> None:
    """Make a process pool from its template in `infra/pools/`, or bring it up to date."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    template = json.loads((POOLS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    pool = WorkPoolCreate(
        name=name, description=description, type="process", base_job_template=template, concurrency_limit=limit
    )
    with get_client(sync_client=True) as client:
        client.create_work_pool(pool, overwrite=True)
    log.info("work pool %s is ready", name)


def deploy() -> None:
    """Apply every deployment of `prefect.yaml`."""
    environment = {
        **os.environ,
        "FINETUNE_FLOWS_PROJECT": os.environ.get("FINETUNE_FLOWS_PROJECT") or str(PROJECT_ROOT),
    }
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FinetuneError(f"the deployments of prefect.yaml could not be applied:\n{done.stdout}\n{done.stderr}")
    log.info("the deployments of prefect.yaml are applied")


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    try:
        bootstrap()
    except FinetuneError as error:
        sys.exit(f"error: {error}")

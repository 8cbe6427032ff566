"""Settings of Prefect for a run without a server, set before Prefect is imported."""

import os
from datetime import UTC, datetime
from pathlib import Path

from tasks.settings import home

LOG_VARIABLE = "FINETUNE_FLOWS_LOG"
LOGGING = Path(__file__).with_name("logging.yml")


def prepare(flow: str) -> Path:
    """Set what is not set yet, and return the file that takes the whole log (with tracebacks).

    Without `PREFECT_API_URL` the run gets a server of its own for as long as it lasts; its state lies below the
    project's home, never in the user's.
    """
    state = home() / "prefect"
    settings = {
        "PREFECT_HOME": str(state),
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(state / "storage"),
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,flows",
        "PREFECT_LOGGING_SETTINGS_PATH": str(LOGGING),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    if not os.environ.get("PREFECT_API_URL"):
        settings["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
        settings["PREFECT_SERVER_LOGGING_LEVEL"] = "ERROR"
        # The first start makes the database; on a busy machine that takes longer than the 20 s it would be given.
        settings["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "180"
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    log_file = home() / "logs" / f"{flow}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    os.environ[LOG_VARIABLE] = str(log_file)
    return log_file

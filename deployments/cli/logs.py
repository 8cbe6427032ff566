"""What a run prints: one short line for each event; the file has everything."""

import logging
import os
from typing import Any

from deployments.cli.environment import LOG_VARIABLE


class Line(logging.Formatter):
    """Time, who speaks, what is said. Tracebacks go to the log file only."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        task_run, flow_run = getattr(record, "task_run_name", None), getattr(record, "flow_run_name", None)
        who = task_run if task_run not in {None, "<unknown>"} else flow_run
        who = f"{who} | " if who not in {None, "<unknown>"} else ""
        level = "" if record.levelno <= logging.INFO else f"{record.levelname} "
        return f"{self.formatTime(record, '%H:%M:%S')} {level}{who}{record.getMessage()}"


class NotTwice(logging.Filter):
    """Leaves out what the closing lines say again: the error that ended the flow."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the console shows the record."""
        return not str(record.msg).startswith("Encountered exception during execution")


class Everything(logging.FileHandler):
    """Appends to the file that the environment names."""

    def __init__(self, **_given: Any) -> None:
        super().__init__(os.environ.get(LOG_VARIABLE, os.devnull), encoding="utf-8", delay=True)

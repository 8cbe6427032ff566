"""A flow folder of its own for the commands, and one server for all runs."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.cli import registry

FLOW = '''
"""A small flow."""

from typing import Literal

from prefect import flow
from prefect.states import Completed

from tasks.errors import ConfigError, DataError
from tasks.store.params import Params, positioned


class SmallParams(Params):
    epochs: int = positioned(1, 0, "Epochs", "How often.", ge=1, le=10)
    method: Literal["lora", "qlora"] = positioned("lora", 1, "Method", "How.")
    rate: float = positioned(0.5, 2, "Rate", "How fast.")


VERDICT = {
    "outcome": "pass",
    "reasons": ["all rows pass"],
    "rows": [
        {"name": "field accuracy", "n": 90, "base": 0.05, "tuned": 0.91, "difference": 0.86, "low": 0.8, "high": 0.9,
         "margin": 0.4, "rule": "gain", "outcome": "pass", "metric": "field_accuracy"},
        {"name": "extraction: match", "n": 90, "base": 0.0, "tuned": 0.5, "difference": 0.5, "low": 0.4, "high": 0.6,
         "margin": None, "rule": "shown only", "outcome": "shown", "metric": "match"},
        {"name": "extraction: field etd", "n": 90, "base": 0.0, "tuned": 0.5, "difference": 0.5, "low": 0.4,
         "high": 0.6, "margin": -0.1, "rule": "may only fail", "outcome": "shown", "metric": "right"},
        {"name": "guardrail: refusal", "n": 20, "base": 0.9, "tuned": 0.9, "difference": 0.0, "low": -0.1,
         "high": 0.1, "margin": -0.1, "rule": "may only fail", "outcome": "shown", "metric": "behaved"},
        {"name": "adapter loaded", "n": 90, "base": None, "tuned": None, "difference": 1.0, "low": None,
         "high": None, "margin": None, "rule": "one", "outcome": "pass", "metric": "answers changed"},
    ],
}


@flow(name="small")
def small(files: tuple[str, ...], training: SmallParams = SmallParams(), end: str = "plain"):
    """Do next to nothing.

    Args:
        files: What to read.
        training: How to train.
        end: How to end.
    """
    if end == "fail":
        raise DataError("files/a.jsonl row 3: no answer. Mend the row and run again.")
    if end == "config":
        raise ConfigError("these two do not go together")
    if end == "reject":
        result = {"outcome": "rejected", "release": None, "approval": None, "report": "/tmp/report.html", "results": "",
                  "verdict": VERDICT | {"outcome": "fail"}}
        return Completed(name="Rejected", message="the gate said no", data=result)
    if end == "refuse":
        told = {"decision": "reject", "by": "Ada", "reason": "not tonight", "time": "t"}
        result = {"outcome": "rejected", "release": None, "report": "", "results": "", "verdict": VERDICT,
                  "approval": told}
        return Completed(name="Rejected", message="a person said no", data=result)
    if end == "release":
        release = {"name": "m", "version": "v1", "path": "/r/m/v1", "is_champion": True, "made_now": True}
        return {"outcome": "released", "release": release, "report": "/r/m/v1/report.html", "results": "",
                "verdict": VERDICT}
    return {"files": list(files), "epochs": training.epochs, "method": training.method}
'''


@pytest.fixture
def flow_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the commands see one flow, `small`, in a folder of its own."""
    import flows

    folder = tmp_path / "flows"
    folder.mkdir()
    path = folder / "small.py"
    path.write_text(textwrap.dedent(FLOW))
    monkeypatch.setattr(registry, "FLOWS", folder)
    monkeypatch.setattr(flows, "__path__", [str(folder)])
    yield path
    import sys

    sys.modules.pop("flows.small", None)

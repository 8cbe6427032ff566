"""The command as a person meets it."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from deployments.cli import main
from tasks.settings import PROJECT_ROOT

PROBE = """
import sys
from click.testing import CliRunner
from deployments.cli import main
result = CliRunner().invoke(main, ["--help"])
assert result.exit_code == 0, result.output
heavy = sorted(name for name in sys.modules if name.split(".")[0] in {"prefect", "torch", "transformers", "pydantic"})
print(heavy)
"""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    for command in ("run", "flows", "show", "verify", "clean"):
        assert command in text
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_version() -> None:
    assert "0.1.0" in CliRunner().invoke(main, ["--version"]).output


def test_the_examples_of_the_help_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    text = CliRunner().invoke(main, ["--help"]).output
    settings = [part for line in text.splitlines() for part in line.split(" --set ")[1:]]
    assert settings
    found = CliRunner().invoke(main, ["run", "finetune", "--check", *(f"--set={part.strip()}" for part in settings)])
    assert found.exit_code == 0, found.output

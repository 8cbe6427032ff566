"""The command as a person meets it."""

import subprocess
import sys

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
    for command in ("run", "flows", "show", "clean"):
        assert command in text
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_version() -> None:
    assert "0.1.0" in CliRunner().invoke(main, ["--version"]).output

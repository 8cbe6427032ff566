"""The report on the data without a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deployments.cli import main
from tasks.settings import PROJECT_ROOT

WORDS = ("vessel", "cargo", "berth", "tide", "crane", "pilot", "hatch", "anchor", "mast", "keel", "bow", "rope")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what `prepare` sets."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def write(path: Path, rows: int) -> Path:
    """Write rows whose prompts share few words."""
    lines = []
    for row in range(rows):
        words = [WORDS[(row // len(WORDS) ** place) % len(WORDS)] + str(row * 7 % 1009) for place in range(12)]
        answer = json.dumps({"first": words[0], "number": row})
        lines.append(json.dumps({"instruction": " ".join(words), "response": answer}))
    path.write_text("\n".join(lines) + "\n")
    return path


def dry(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", "prepare_dataset", "--dry-run", *arguments])


def test_the_report_is_printed_and_nothing_is_kept(tmp_path: Path, home: Path) -> None:
    result = dry("--set", f"files=[{write(tmp_path / 'a.jsonl', 120)}]")
    assert result.exit_code == 0, result.output
    assert "## Data quality: usable, with warnings" in result.output
    assert "120 unique rows of 120 read" in result.output
    assert "JSON object {first: string, number: number}" in result.output
    assert not (home / "artifacts").exists()


def test_a_finding_that_stops_a_run_has_the_exit_code_of_a_failure(tmp_path: Path) -> None:
    result = dry("--set", f"files=[{write(tmp_path / 'a.jsonl', 40)}]")
    assert result.exit_code == 1, result.output
    assert "not fit for training" in result.output
    assert "40 unique rows" in result.output


def test_profiles_and_overrides_reach_the_stages(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", 120)
    profile = tmp_path / "profile.yaml"
    profile.write_text(f"files: [{file}]\ningest: {{max_chars: 60}}\n")
    result = dry("--profile", str(profile), "--set", "ingest.max_quarantined_share=1.0")
    assert result.exit_code == 1, result.output
    assert "no row is left" in result.output
    result = dry("--profile", str(profile), "--set", "ingest.max_chars=9000", "--set", "dedup.embedding=false")
    assert result.exit_code == 0, result.output
    assert "Paraphrases" not in result.output


def test_bad_rows_that_would_stop_reading_are_shown_with_the_rest(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", 120)
    file.write_text(file.read_text() + "{broken\n" * 40)
    result = dry("--set", f"files=[{file}]")
    assert result.exit_code == 1, result.output
    assert "Reading would stop the run" in result.output
    assert "bad_json" in result.output
    assert "120 unique rows of 160 read" in result.output


@pytest.mark.parametrize("flow", ["finetune", "nightly_retrain", "no_such_flow"])
def test_another_flow_is_refused(flow: str) -> None:
    result = CliRunner().invoke(main, ["run", flow, "--dry-run"])
    assert result.exit_code == 2
    assert "--dry-run is for prepare_dataset" in result.output


@pytest.mark.parametrize(
    ("setting", "said"), [("files=[nowhere.jsonl]", "matches no file"), ("dedup.nearr=true", "did you mean 'near'")]
)
def test_wrong_parameters_have_their_own_exit_code(setting: str, said: str) -> None:
    result = dry("--set", setting)
    assert result.exit_code == 2
    assert said in result.output


PROBE = """
import sys
from click.testing import CliRunner
from deployments.cli import main
result = CliRunner().invoke(main, sys.argv[1:])
loaded = {name.split(".")[0] for name in sys.modules}
print(result.exit_code, sorted({"torch", "uvicorn", "spacy", "transformers"} & loaded))
"""


def test_no_server_and_no_model_is_loaded(tmp_path: Path) -> None:
    settings = ["run", "prepare_dataset", "--dry-run", "--set", f"files=[{write(tmp_path / 'a.jsonl', 120)}]"]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *settings],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PREFECT_API_URL": "http://127.0.0.1:1/api"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0 []"

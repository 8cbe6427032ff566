"""Running a flow: parameters in, exit code and closing text out."""

import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from deployments.cli import main
from deployments.cli.logs import Line, NotTwice
from deployments.cli.run import verdict_text


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what `prepare` sets."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_profile_and_overrides_reach_the_flow(server: None, flow_file: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("files: [a.jsonl]\ntraining: {epochs: 2, method: qlora}\n")
    result = CliRunner().invoke(main, ["run", "small", "--profile", str(profile), "--set", "training.epochs=3"])
    assert result.exit_code == 0, result.output
    assert '"epochs": 3' in result.output
    assert '"method": "qlora"' in result.output


def test_only_reasons_that_decided_are_printed() -> None:
    verdict = {
        "outcome": "pass",
        "rows": [{"name": "task gain", "outcome": "pass"}, {"name": "e: field pol", "outcome": "shown"}],
        "reasons": [
            "task gain: it rose. Pass.",
            "e: field pol: it rose. Shown only.",
            "general drop: needs more items.",
        ],
    }
    assert verdict_text(verdict).splitlines() == [
        "Verdict  pass", "         task gain: it rose. Pass.", "         general drop: needs more items.",
    ]  # fmt: skip
    assert verdict_text({"outcome": "fail"}) == "Verdict  fail"


def test_a_release_is_printed_with_figures_verdict_and_what_to_do_next(server: None, flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=release"])
    assert result.exit_code == 0, result.output
    for text in (
        "5.0 %",
        "91.0 %",
        "+86.0",
        "Verdict  pass",
        "/r/m/v1",
        "bash /r/m/v1/serve.sh",
        "finetune-flows verify m/v1",
        "record match",
        "guardrail: refusal",
        "(1 more rows could only have failed, and did not: see the report)",
        "file:///r/m/v1",
        "make ui",
    ):
        assert text in result.output
    assert "field etd" not in result.output
    assert "adapter loaded" not in result.output


def test_a_person_s_rejection_is_told_as_such(server: None, flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=refuse"])
    assert result.exit_code == 3, result.output
    assert "Approval reject by Ada: not tonight" in result.output
    assert "No release: a person rejected the model." in result.output


def test_a_rejection_has_its_own_exit_code(server: None, flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=reject"])
    assert result.exit_code == 3, result.output
    assert "Verdict  fail" in result.output
    assert "No release" in result.output


def test_a_failure_says_what_and_where_without_a_traceback(server: None, flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=fail"])
    assert result.exit_code == 1, result.output
    assert "DataError: files/a.jsonl row 3: no answer. Mend the row and run again." in result.output
    assert "The whole log: " in result.output


def test_parameters_that_turn_out_wrong_in_the_run_have_the_exit_code_of_wrong_parameters(
    server: None, flow_file: Path
) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=config"])
    assert result.exit_code == 2, result.output


def test_wrong_parameters_stop_before_anything_runs(flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "training.epoch=3", "--set", "end=[1]"])
    assert result.exit_code == 2
    for text in ("did you mean 'epochs'", "end: ", "files: is needed"):
        assert text in result.output


def test_check_stops_before_the_run(flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "small", "--set", "files=[]", "--set", "end=fail", "--check"])
    assert (result.exit_code, result.output) == (0, "small: the parameters are in order\n")


def test_an_unknown_flow_gets_a_hint(flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["run", "smal"])
    assert result.exit_code == 2
    assert "did you mean 'small'?" in result.output


def test_flows_are_listed_with_their_parameters(flow_file: Path) -> None:
    result = CliRunner().invoke(main, ["flows"])
    assert result.exit_code == 0, result.output
    assert "small" in result.output
    assert "    training.epochs = 1" in result.output
    assert "    files (needed)\n" in result.output


def test_the_console_leaves_the_error_to_the_closing_lines() -> None:
    record = logging.LogRecord("prefect", logging.ERROR, "f", 1, "Encountered exception during execution: %r", (), None)
    assert not NotTwice().filter(record)
    record.msg = "Task run failed with exception"
    assert NotTwice().filter(record)


def test_console_lines_leave_the_traceback_to_the_file() -> None:
    try:
        raise ValueError("inside")
    except ValueError:
        import sys

        record = logging.LogRecord("tasks.x", logging.ERROR, "f", 1, "it %s", ("broke",), sys.exc_info())
    record.task_run_name = "training: 900 rows"
    line = Line().format(record)
    assert line.endswith("ERROR training: 900 rows | it broke")
    assert "Traceback" not in line

"""Run one flow from YAML and say how it ended."""

import inspect
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from deployments.cli.environment import prepare
from deployments.cli.registry import load_flow
from deployments.cli.values import check, override, read_profile
from tasks.errors import ConfigError

COMPLETED, FAILED, WRONG_PARAMETERS, REJECTED = 0, 1, 2, 3
DRY_RUN_FLOW = "prepare_dataset"


def run_flow(name: str, profile: Path | None, overrides: tuple[str, ...], *, check_only: bool = False) -> int:
    """Run a flow and return the exit code.

    Raises:
        ConfigError: The flow or its parameters are wrong; nothing has run.
    """
    values = override(read_profile(profile) if profile else {}, overrides)
    log_file = prepare(name)
    flow = load_flow(name)
    parameters = check(flow.fn, values)
    if check_only:
        click.echo(f"{name}: the parameters are in order")
        return COMPLETED
    click.echo(f"running {name}; the whole log goes to {log_file}", err=True)
    _queue_writes()
    state: Any = flow(**parameters, return_state=True)
    if not state.is_completed():
        error = state.result(raise_on_failure=False)
        message = str(error) if isinstance(error, BaseException) else state.message
        kind = type(error).__name__ if isinstance(error, BaseException) else state.name
        click.echo(f"\n{name} ended as {state.name}: {kind}: {message}\nThe whole log: {log_file}", err=True)
        return WRONG_PARAMETERS if isinstance(error, ConfigError) else FAILED
    result = state.result(raise_on_failure=False)
    click.echo("\n" + closing_text(result))
    rejected = state.name == "Rejected" or (isinstance(result, dict) and result.get("outcome") == "rejected")
    return REJECTED if rejected else COMPLETED


def _queue_writes() -> None:
    """Let the server that a run without one gets queue its writes; where a server is named, none is started."""
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        from deployments.server import TemporaryServer

        TemporaryServer()


def dry_run_flow(name: str, profile: Path | None, overrides: tuple[str, ...]) -> int:
    """Print what `prepare_dataset` would find in its task files, and return the exit code: 1 when it would stop.

    Raises:
        ConfigError: Another flow, or parameters that cannot be used.
        DataError: Files that cannot be read, or no row left.
    """
    if name != DRY_RUN_FLOW:
        raise ConfigError(
            f"--dry-run is for {DRY_RUN_FLOW}: it reports on the data alone, and '{name}' does more. Run "
            f"`finetune-flows run {DRY_RUN_FLOW} --dry-run` with the same files, or `--check` to check the parameters."
        )
    values = override(read_profile(profile) if profile else {}, overrides)
    prepare(name)
    from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

    from tasks.dedup.params import DedupParams
    from tasks.ingest.params import IngestParams
    from tasks.quality.dryrun import dry_run
    from tasks.quality.params import QualityParams
    from tasks.screening.params import ScreeningParams

    function = load_flow(DRY_RUN_FLOW).fn
    defaults = {key: each.default for key, each in inspect.signature(function).parameters.items()}
    given = defaults | check(function, values)
    click.echo(f"reading {', '.join(given['files'])}; nothing is kept", err=True)
    # There is no flow run that log lines could be sent to.
    with temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}):
        found = dry_run(
            given["files"],
            given.get("ingest", IngestParams()),
            given.get("screening", ScreeningParams()),
            given.get("dedup", DedupParams()),
            given.get("quality", QualityParams()),
        )
    click.echo(found.text)
    return FAILED if found.severity == "stop" else COMPLETED


def closing_text(result: Any) -> str:
    """Return what a person wants to know when the run is over."""
    if not (isinstance(result, dict) and "outcome" in result and "verdict" in result):
        return json.dumps(_plain(result), indent=1, ensure_ascii=False)
    parts = [scores_table(result["verdict"]), "", verdict_text(result["verdict"])]
    approval = result.get("approval")
    parts += [f"Approval {approval['decision']} by {approval['by']}: {approval['reason']}", ""] if approval else [""]
    release = result.get("release")
    if release:
        made = "made now" if release["made_now"] else "made by an earlier run"
        serves = "the champion" if release["is_champion"] else "not the champion"
        parts += [
            f"Release  {release['path']} ({release['version']}, {made}, {serves})",
            f"Proof    {_proof(Path(release['path']) / 'proof.json')}",
            f"Serve    bash {release['path']}/serve.sh",
            f"Verify   finetune-flows verify {release['name']}/{release['version']}",
        ]
    else:
        who = "a person" if (result.get("approval") or {}).get("decision") == "reject" else "the gate"
        parts.append(f"No release: {who} rejected the model. The adapter and the report stay.")
    if result.get("report"):
        parts.append(f"Report   {Path(result['report']).as_uri()}")
    parts.append("UI       " + (os.environ.get("PREFECT_UI_URL") or "make ui, then open the address it prints"))
    return "\n".join(parts)


def scores_table(verdict: dict[str, Any]) -> str:
    """Return the table of figures before and after; rows that could only have failed, and did not, are counted."""
    from tasks.reporting.labels import is_quiet, row_label, several_metrics

    # Rows without a figure of either model are conditions; the reasons below the table tell them.
    measured = [row for row in verdict.get("rows", []) if row["base"] is not None]
    several = several_metrics(measured)
    loud = [row for row in measured if not is_quiet(row)]
    lines = aligned(
        ("what", "n", "before", "after", "change", "interval", "outcome"),
        [
            (
                row_label(row, several=several),
                str(row["n"]),
                _percent(row["base"]),
                _percent(row["tuned"]),
                _points(row["difference"]),
                f"{_points(row['low'])} to {_points(row['high'])}" if row["low"] is not None else "-",
                str(row["outcome"]),
            )
            for row in loud
        ],
    )
    quiet = len(measured) - len(loud)
    return f"{lines}\n({quiet} more rows could only have failed, and did not: see the report)" if quiet else lines


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of text with its columns aligned."""
    widths = [max(len(line[column]) for line in [columns, *rows]) for column in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [columns, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def verdict_text(verdict: dict[str, Any]) -> str:
    """Return the verdict with the reasons that decided it; the report has those of the other rows too."""
    shown = tuple(f"{row['name']}: " for row in verdict.get("rows", []) if row["outcome"] == "shown")
    reasons = [reason for reason in verdict.get("reasons", []) if not reason.startswith(shown)]
    return "\n".join([f"Verdict  {verdict['outcome']}", *(f"         {reason}" for reason in reasons)])


def _proof(path: Path) -> str:
    """Return whether a live server has answered from the release."""
    if not path.is_file():
        return "unknown: the release has no proof.json"
    said = json.loads(path.read_bytes())
    if said["proven"]:
        return f"{said['server']} answered {len(said['probes'])} prompts as the trained model does"
    return f"not proven on a server: {said['why']}"


def _percent(value: Any) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, (int, float)) else "-"


def _points(value: Any) -> str:
    return f"{100 * value:+.1f}" if isinstance(value, (int, float)) else "-"


def _plain(value: Any) -> Any:
    """Return a result as JSON values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

"""The report's files, and the error that a report which stops the run ends with."""

from pathlib import Path

from tasks.quality.assess import Assessment
from tasks.quality.page import markdown
from tasks.store.records import write_json, write_rows

FILES = ("report.json", "issues.jsonl", "report.md")


def write_report(assessment: Assessment, out: Path) -> None:
    """Write `report.json`, `issues.jsonl` and `report.md` into a folder."""
    report = assessment.report()
    write_json(out / "report.json", report)
    write_rows(out / "issues.jsonl", assessment.issues())
    (out / "report.md").write_text(markdown(report), encoding="utf-8")


def problem_with(assessment: Assessment, folder: Path) -> str:
    """Return why the run must stop, with advice and the report's place; empty when it need not.

    Args:
        assessment: What was found.
        folder: Where the operator finds the report.
    """
    stops = [finding for finding in assessment.findings if finding.severity == "stop"]
    if not stops:
        return ""
    lines = []
    for finding in stops:
        first = finding.summary()["first"]
        where = f" First: {'; '.join(first)}." if first else ""
        lines.append(f"- {finding.check}: {finding.text} (limit {finding.limits['stop']:g}). {finding.advice}{where}")
    return "\n".join(["the data are not fit for training:", *lines, f"The whole report: {folder / 'report.md'}"])

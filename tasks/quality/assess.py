"""The whole assessment as one pure function over the files of three stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.quality.balance import figures, strata_of
from tasks.quality.checks import (
    class_balance,
    enough_rows,
    format_drift,
    label_noise,
    preference_lengths,
    screened_content,
)
from tasks.quality.examples import Example, example_of
from tasks.quality.findings import ORDER, Finding, Severity
from tasks.quality.noise import equal_prompts, near_prompts
from tasks.quality.params import QualityParams
from tasks.quality.schema import Check
from tasks.store.records import Row, read_json, read_rows


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes:
        findings: The most serious first.
        accounts: What became of the rows, stage by stage.
        strata: Figures of each class.
        forms: The usual form of answers, for each class.
    """

    findings: list[Finding]
    accounts: list[dict[str, Any]]
    strata: list[dict[str, Any]]
    forms: list[Row]

    @property
    def severity(self) -> Severity:
        """The most serious severity of all findings."""
        return next(level for level in ORDER if level == "ok" or any(f.severity == level for f in self.findings))

    def report(self) -> dict[str, Any]:
        """Return what `report.json` holds."""
        return {
            "severity": self.severity,
            "findings": [finding.summary() for finding in self.findings],
            "accounts": self.accounts,
            "classes": self.strata,
            "forms": self.forms,
        }

    def issues(self) -> list[Row]:
        """Return the lines of `issues.jsonl`."""
        return [line for finding in self.findings for line in finding.lines()]


def assess_folders(
    ingest: Path, screened: Path, unique: Path, params: QualityParams, schema: Check | None
) -> Assessment:
    """Judge the rows that three stages left.

    Args:
        ingest: Folder of ingest's files.
        screened: Folder of screening's files.
        unique: Folder of dedup's files.
        params: What is measured and what stops.
        schema: From `tasks.quality.schema.schema_check`; None where answers are compared with each other.

    Raises:
        ConfigError: A field or schema of the parameters cannot be used with these rows.
    """
    read, screening, dedup = (read_json(folder / "summary.json") for folder in (ingest, screened, unique))
    examples = [example_of(record) for record in read_rows(unique / "records.jsonl")]
    conflicts = list(read_rows(unique / "conflicts.jsonl"))
    named = {row["id"] for conflict in conflicts for row in conflict["rows"]}
    contradicting = {
        record["id"]: example_of(record)
        for record in (read_rows(screened / "records.jsonl") if named else ())
        if record["id"] in named
    }
    groups = strata_of(examples, params.stratify_by, params.max_labels)
    strata = figures(examples, groups)
    drift, forms = format_drift(examples, groups, params, schema)
    put_aside = {(line["file"], line["row"]) for line in read_rows(screened / "quarantine.jsonl")}
    rows_read = sum(entry["read"] for entry in read["files"])
    findings = [
        enough_rows(len(examples), rows_read, params),
        label_noise(
            equal_prompts(conflicts, contradicting),
            near_prompts(examples, params.near_threshold),
            screening["kept"],
            params,
        ),
        drift,
        *class_balance(strata, _first(examples, groups), params),
        *preference_lengths(examples, params),
        *screened_content(screening, list(read_rows(screened / "findings.jsonl")), put_aside, params),
    ]
    return Assessment(
        findings=sorted(findings, key=lambda finding: ORDER.index(finding.severity)),
        accounts=_accounts(read, screening, dedup),
        strata=[stratum.as_row() for stratum in strata],
        forms=forms,
    )


def _first(examples: list[Example], groups: Mapping[str, list[int]]) -> dict[str, Row]:
    return {name: examples[members[0]].place for name, members in groups.items()}


def _accounts(read: Row, screening: Row, dedup: Row) -> list[dict[str, Any]]:
    """Return rows in, rows out and rows lost by cause for each stage."""
    files = read["files"]
    passes = {f"duplicate ({line['pass']})": line["removed"] for line in dedup["passes"]}
    lost = {**passes, "contradiction": dedup["conflicts"]}
    return [
        {
            "stage": "ingest",
            "in": sum(entry["read"] for entry in files),
            "out": sum(entry["kept"] for entry in files),
            "lost": dict(read["reasons"]),
        },
        {"stage": "screening", "in": screening["read"], "out": screening["kept"], "lost": dict(screening["reasons"])},
        {
            "stage": "dedup",
            "in": dedup["read"],
            "out": dedup["unique"],
            "lost": {cause: count for cause, count in lost.items() if count},
        },
    ]

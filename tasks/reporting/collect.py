"""Reads the stages' directories into one plain story; the page and `results.json` are both told from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.store.records import Row, read_json, read_rows
from tasks.store.refs import Manifest, Ref
from tasks.store.store import Store

QUARANTINING = ("ingest", "screening")
ROLES = (
    "base", "ingest", "screening", "general", "screening_general", "heldout", "screening_heldout", "dedup", "quality",
    "mixing", "splitting", "leakage", "rendering", "training", "evaluation_base", "evaluation_tuned",
    "evaluation_champion", "gating", "merging", "serving",
)  # fmt: skip
DIGEST_SHOWN = 16


@dataclass(frozen=True)
class Finished:
    """One stage of the run: its reference, where it lies, what its manifest says."""

    ref: Ref
    directory: Path
    manifest: Manifest

    def json(self, name: str) -> Any:
        """Return a JSON file of the stage, or None where there is none."""
        path = self.directory / name
        return read_json(path) if path.is_file() else None

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a JSON Lines file of the stage; none where there is no file."""
        path = self.directory / name
        return list(read_rows(path)) if path.is_file() else []


Stages = dict[str, Finished]


def open_stages(refs: Mapping[str, Ref]) -> Stages:
    """Open the stages' directories, in the order the data flows; roles this page does not know come last."""
    store = Store()
    known = [role for role in ROLES if role in refs]
    names = [*known, *sorted(set(refs) - set(known))]
    return {role: Finished(refs[role], store.open(refs[role]), store.manifest(refs[role])) for role in names}


def file_of(stages: Stages, role: str, name: str) -> Any:
    """Return a JSON file of a role, or None where the role or the file is missing."""
    return stages[role].json(name) if role in stages else None


def rows_of(stages: Stages, role: str, name: str) -> list[Row]:
    """Return the rows of a role's JSON Lines file; none where the role or the file is missing."""
    return stages[role].rows(name) if role in stages else []


def lineage(stages: Stages) -> list[dict[str, Any]]:
    """Return for each stage where it came from and what decided it (no times: they differ for equal content)."""
    return [
        {
            "role": role,
            "stage": stage.ref.kind,
            "key": stage.ref.key,
            "version": stage.manifest.stage_version,
            "digest": stage.ref.digest,
            "parents": {parent: _short(name) for parent, name in stage.manifest.parents.items()},
            "libraries": stage.manifest.libraries,
            "params": stage.manifest.params,
            "counts": stage.ref.counts,
        }
        for role, stage in stages.items()
    ]


def _short(name: str) -> str:
    return name if "/" in name else name[:DIGEST_SHOWN]


def quarantine(stages: Stages) -> list[dict[str, Any]]:
    """Return how many rows were put aside for which reason, with the first one as an example."""
    found = []
    for role, stage in stages.items():
        reasons = (stage.json("summary.json") or {}).get("reasons", {}) if stage.ref.kind in QUARANTINING else {}
        rows = stage.rows("quarantine.jsonl") if reasons else []
        for reason, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])):
            first = next((row for row in rows if row.get("reason") == reason), {})
            where = f"{first['file']}:{first['row']}" if "file" in first and "row" in first else ""
            found.append(
                {"role": role, "reason": reason, "rows": count, "where": where, "detail": first.get("detail", "")}
            )
    return found

"""Screening of a file of records, every row accounted for."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tasks.errors import DataError
from tasks.screening.params import ScreeningParams
from tasks.screening.screen import REASONS, Screened, Screener, group_of
from tasks.store.records import Row, read_rows, record_text, write_json

RECORDS, QUARANTINE, FINDINGS, SUMMARY = "records.jsonl", "quarantine.jsonl", "findings.jsonl", "summary.json"
NAMED = 5


@dataclass
class Tally:
    """What became of all records, and what was found in them."""

    read: int = 0
    kept: int = 0
    masked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, screened: Screened) -> None:
        """Count one record."""
        self.read += 1
        kinds = {line["kind"] for line in screened.findings}
        self.found.update(line["kind"] for line in screened.findings)
        self.rows.update(kinds)
        self.rows.update({group_of(kind) for kind in kinds})
        if screened.reason:
            self.reasons[screened.reason] += 1
            return
        self.kept += 1
        self.masked += screened.masked
        self.left.update({group_of(line["kind"]) for line in screened.findings if line["action"] == "keep"})

    def summary(self) -> dict[str, Any]:
        """Return the figures: rows by what became of them, things found by kind, and what is left in kept rows."""
        return {
            "read": self.read,
            "kept": self.kept,
            "quarantined": self.read - self.kept,
            "masked": self.masked,
            "reasons": {name: self.reasons[name] for name in REASONS if self.reasons[name]},
            "kinds": {kind: {"found": self.found[kind], "rows": self.rows[kind]} for kind in sorted(self.found)},
            "rows_with": {name: self.rows[name] for name in REASONS},
            "left_in_kept_rows": {name: self.left[name] for name in REASONS},
        }


def screen_file(records: Path, out: Path, params: ScreeningParams, salt: str) -> dict[str, Any]:
    """Screen a file of records into a directory and return the summary that was written there.

    Raises:
        DataError: No row is left, or the rows do not add up.
    """
    screener, tally = Screener(params, salt), Tally()
    with (
        (out / RECORDS).open("wb") as kept,
        (out / QUARANTINE).open("wb") as quarantine,
        (out / FINDINGS).open("wb") as findings,
    ):
        for record in read_rows(records):
            screened = screener.screen(record)
            tally.add(screened)
            findings.writelines(_bytes(line) for line in screened.findings)
            target = quarantine if screened.reason else kept
            target.write(_bytes(_quarantined(screened) if screened.reason else screened.record))
    summary = tally.summary()
    write_json(out / SUMMARY, summary)
    check_accounts(summary, out)
    if tally.read and not tally.kept:
        reasons = ", ".join(f"{count} for {name}" for name, count in summary["reasons"].items())
        raise DataError(
            f"no row is left: all {tally.read} were put aside ({reasons}). Keep them by screening."
            f"{next(iter(summary['reasons']))}, or take out of the data what does not belong there."
        )
    return summary


def check_accounts(summary: dict[str, Any], out: Path) -> None:
    """Compare the rows read with the lines that stand in the files written.

    Raises:
        DataError: A row is in neither file, or in both.
    """
    kept, quarantined = (sum(1 for _ in read_rows(out / name)) for name in (RECORDS, QUARANTINE))
    if (summary["kept"], summary["quarantined"]) != (kept, quarantined) or summary["read"] != kept + quarantined:
        raise DataError(
            f"the rows do not add up: {summary['read']} read, but {kept} records and {quarantined} quarantined rows "
            "were written. This is a fault of the screening stage: please report it."
        )


def _quarantined(screened: Screened) -> Row:
    record = screened.record
    why = [line for line in screened.findings if group_of(line["kind"]) == screened.reason]
    detail = ", ".join(f"{line['kind']} in {line['where']} ({line['length']} characters)" for line in why[:NAMED])
    more = f" and {len(why) - NAMED} more" if len(why) > NAMED else ""
    text = record_text(record).encode("utf-8", "surrogatepass")
    return {
        "file": record["file"],
        "row": record["row"],
        "reason": screened.reason,
        "detail": detail + more,
        "text_hash": hashlib.sha256(text).hexdigest(),
    }


def _bytes(row: Row) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

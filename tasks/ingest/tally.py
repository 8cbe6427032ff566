"""Counting what becomes of each row: by file, by format, by reason."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.ingest.parts import Note
from tasks.ingest.reasons import REASONS
from tasks.ingest.shapes import Format

EXAMPLES = 5
# Column names come from the data: a file with another one in each row must not fill the memory.
COLUMNS_COUNTED = 1_000
OTHER_COLUMNS = "(other columns)"
OUTCOMES = ("read", "kept", "quarantined")


@dataclass
class FileCount:
    """What became of one file's rows.

    Attributes:
        file: As records call it.
        format: The format that the file was found to have, or that was named.
        read: All rows; `kept` and `quarantined` ones together.
        reasons: Quarantined rows by reason code.
        converted: Kept rows that were of another format, by that one.
    """

    file: str
    format: Format
    read: int = 0
    kept: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    converted: Counter[Format] = field(default_factory=Counter)


@dataclass
class Tally:
    """What became of all rows.

    Attributes:
        files: One entry for each file, in the order read.
        reasons: Quarantined rows by reason code.
        examples: The first few `file:row` of each reason.
        columns: Rows by column that is not read because it holds lists or objects.
        languages: Kept rows by the language of their answer, when languages are looked at.
    """

    files: list[FileCount] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    columns: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[str, int]:
        """Read, kept and quarantined rows of all files together."""
        return {name: sum(getattr(entry, name) for entry in self.files) for name in OUTCOMES}

    def refuse(self, reason: str, where: str) -> None:
        """Count one row, of the file in hand, that goes to quarantine."""
        entry = self.files[-1]
        entry.quarantined += 1
        entry.reasons[reason] += 1
        self.reasons[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(where)

    def keep(self, form: Format, notes: Sequence[Note]) -> None:
        """Count one row, of the file in hand, that was kept, with what is worth counting of it."""
        entry = self.files[-1]
        entry.kept += 1
        if form != entry.format:
            entry.converted[form] += 1
        # A set: turns of one row may have the same unknown key.
        for kind, name in set(notes) if notes else ():
            if kind == "language":
                self.languages[name] += 1
            elif name in self.columns or len(self.columns) < COLUMNS_COUNTED:
                self.columns[name] += 1
            else:
                self.columns[OTHER_COLUMNS] += 1

    def formats(self) -> dict[Format, dict[str, Any]]:
        """Return the figures of each format: a kept row counts where it was read, a bad one with its file."""
        found: dict[Format, dict[str, Any]] = {}
        for entry in self.files:
            own = entry.kept - entry.converted.total()
            _add(found, entry.format, own, entry.quarantined, entry.reasons)
            for form, kept in sorted(entry.converted.items()):
                _add(found, form, kept, 0, Counter())
        return {form: figures | {"reasons": in_order(figures["reasons"])} for form, figures in found.items()}

    def summary(self) -> dict[str, Any]:
        """Return all figures as JSON."""
        files = [
            {
                "file": entry.file,
                "format": entry.format,
                **{name: getattr(entry, name) for name in OUTCOMES},
                "reasons": in_order(entry.reasons),
                "converted": dict(sorted(entry.converted.items())),
            }
            for entry in self.files
        ]
        return {
            "files": files,
            "formats": self.formats(),
            "reasons": in_order(self.reasons),
            "examples": {code: self.examples[code] for code in REASONS if code in self.examples},
            "unread_columns": _frequent(self.columns.items()),
            "languages": _frequent(self.languages.items()),
        }


def in_order(reasons: Counter[str]) -> dict[str, int]:
    """Return counts of reasons in the order of the list of codes."""
    return {code: reasons[code] for code in REASONS if reasons[code]}


def _add(found: dict[Format, dict[str, Any]], form: Format, kept: int, quarantined: int, reasons: Counter[str]) -> None:
    figures = found.setdefault(form, {"read": 0, "kept": 0, "quarantined": 0, "reasons": Counter()})
    figures["read"] += kept + quarantined
    figures["kept"] += kept
    figures["quarantined"] += quarantined
    figures["reasons"] = figures["reasons"] + reasons


def _frequent(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(counts, key=lambda item: (-item[1], item[0])))

"""Reading all files into one directory, each row accounted for."""

import itertools
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from tasks.errors import DataError
from tasks.ingest.opening import open_bytes
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS, BadRowError
from tasks.ingest.rows import RawRow, json_array, json_lines
from tasks.ingest.shapes import Format, detect, normalise
from tasks.ingest.sources import Source
from tasks.ingest.tabular import csv_records, parquet_records
from tasks.store.records import write_json

log = logging.getLogger(__name__)

RECORDS, QUARANTINE, SUMMARY = "records.jsonl", "quarantine.jsonl", "summary.json"
DETECTION_ROWS = 100
EXAMPLES = 5
REPORT_EVERY = 100_000

Origin = Literal["task", "heldout", "general"]


@dataclass
class FileCount:
    """What became of one file's rows."""

    file: str
    format: Format
    read: int = 0
    kept: int = 0
    quarantined: int = 0


@dataclass
class Tally:
    """What became of all rows.

    Attributes:
        files: One entry for each file, in the order read.
        reasons: Quarantined rows by reason code.
        examples: The first few `file:row` of each reason.
    """

    files: list[FileCount] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Read, kept and quarantined rows of all files together."""
        return {name: sum(getattr(entry, name) for entry in self.files) for name in ("read", "kept", "quarantined")}

    def refuse(self, reason: str, where: str) -> None:
        """Count one row that goes to quarantine."""
        self.reasons[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(where)


def collect(sources: Sequence[Source], params: IngestParams, origin: Origin, out: Path) -> Tally:
    """Write records, quarantine and summary of the files into a directory.

    Raises:
        DataError: A file cannot be parsed or changed on the way, or the files written do not hold every row read.
    """
    tally = Tally()
    with (out / RECORDS).open("wb") as records, (out / QUARANTINE).open("wb") as quarantine:
        for source in sources:
            with raw_rows(source) as rows:
                _collect_file(source, rows, params, origin, tally, records, quarantine)
            source.check_unchanged()
            last = tally.files[-1]
            log.info("%s: %d rows read, %d kept (%s)", source.name, last.read, last.kept, last.format)
    reasons = {code: tally.reasons[code] for code in REASONS if tally.reasons[code]}
    write_json(out / SUMMARY, {"files": [asdict(entry) for entry in tally.files], "reasons": reasons})
    check_accounts(tally, out)
    return tally


@contextmanager
def raw_rows(source: Source) -> Iterator[Iterator[RawRow]]:
    """Open a file of any kind as its raw rows."""
    if source.kind == "parquet":
        yield parquet_records(source)
        return
    with open_bytes(source) as file:
        if source.kind == "jsonl":
            yield json_lines(file)
        elif source.kind == "json":
            yield json_array(file, source.name)
        else:
            yield csv_records(file, source.name)


def check_accounts(tally: Tally, out: Path) -> None:
    """Compare the rows read with the lines that stand in the files written.

    Raises:
        DataError: A row is in neither file, or in both.
    """
    counts = tally.counts
    kept, quarantined = _lines(out / RECORDS), _lines(out / QUARANTINE)
    if (counts["kept"], counts["quarantined"]) != (kept, quarantined) or counts["read"] != kept + quarantined:
        raise DataError(
            f"the rows do not add up: {counts['read']} read, but {kept} records and {quarantined} quarantined rows "
            "were written. This is a fault of the ingest stage: please report it with the files' names and sizes."
        )


def _collect_file(
    source: Source,
    rows: Iterator[RawRow],
    params: IngestParams,
    origin: Origin,
    tally: Tally,
    records: IO[bytes],
    quarantine: IO[bytes],
) -> None:
    first = list(itertools.islice(rows, DETECTION_ROWS))
    form: Format = detect(row.value for row in first) if params.format == "auto" else params.format
    entry = FileCount(source.name, form)
    tally.files.append(entry)
    for row in itertools.chain(first, rows):
        entry.read += 1
        where = f"{source.name}:{row.number}"
        head: dict[str, Any] = {"file": source.name, "row": row.number}
        try:
            if row.defect is not None:
                raise row.defect
            parts = normalise(row.value, form, params.max_chars)
        except BadRowError as bad:
            tally.refuse(bad.reason, where)
            _put(quarantine, head | {"reason": bad.reason, "detail": bad.detail, "text_hash": row.text_hash()})
            entry.quarantined += 1
        else:
            _put(records, {"id": where, "origin": origin, **head, **parts})
            entry.kept += 1
        if entry.read % REPORT_EVERY == 0:
            log.info("%s: %d rows read", source.name, entry.read)


def _put(file: IO[bytes], row: dict[str, Any]) -> None:
    file.write(orjson.dumps(row))
    file.write(b"\n")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

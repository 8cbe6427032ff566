"""Reading all files into one directory, each row accounted for."""

import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from tasks.errors import DataError
from tasks.ingest.opening import open_bytes
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import BadRowError
from tasks.ingest.rows import RawRow, json_array, json_lines
from tasks.ingest.rules import Rules, rules_of
from tasks.ingest.shapes import Format, detect, normalise
from tasks.ingest.sources import Source
from tasks.ingest.tabular import csv_records, parquet_records
from tasks.ingest.tally import FileCount, Tally
from tasks.store.records import write_json

log = logging.getLogger(__name__)

RECORDS, QUARANTINE, SUMMARY = "records.jsonl", "quarantine.jsonl", "summary.json"
DETECTION_ROWS = 100
REPORT_EVERY = 100_000

Origin = Literal["task", "heldout", "general"]


def collect(sources: Sequence[Source], params: IngestParams, origin: Origin, out: Path) -> Tally:
    """Write records, quarantine and summary of the files into a directory.

    Raises:
        DataError: A file cannot be parsed or changed on the way, or the files written do not hold every row read.
    """
    tally, rules = Tally(), rules_of(params)
    with (out / RECORDS).open("wb") as records, (out / QUARANTINE).open("wb") as quarantine:
        for source in sources:
            with raw_rows(source) as rows:
                _collect_file(source, rows, params, rules, origin, tally, records, quarantine)
            source.check_unchanged()
            last = tally.files[-1]
            log.info("%s: %d rows read, %d kept (%s)", source.name, last.read, last.kept, last.format)
    write_json(out / SUMMARY, tally.summary())
    check_accounts(tally, out)
    return tally


@contextmanager
def raw_rows(source: Source) -> Iterator[Iterator[RawRow]]:
    """Open a file of any kind as its raw rows.

    Raises:
        DataError: The file is damaged, found when the reading comes to that place.
    """
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
    rules: Rules,
    origin: Origin,
    tally: Tally,
    records: IO[bytes],
    quarantine: IO[bytes],
) -> None:
    first = list(itertools.islice(rows, DETECTION_ROWS))
    form: Format = detect(row.value for row in first) if params.format == "auto" else params.format
    entry = FileCount(source.name, form)
    tally.files.append(entry)
    name = source.name
    for row in itertools.chain(first, rows):
        entry.read += 1
        where = f"{name}:{row.number}"
        try:
            if row.defect is not None:
                raise row.defect
            shaped = normalise(row.value, form, rules)
            line = _line({"id": where, "origin": origin, "file": name, "row": row.number, **shaped.parts})
        except BadRowError as bad:
            tally.refuse(bad.reason, where)
            about = {"file": name, "row": row.number, "reason": bad.reason, "detail": bad.detail}
            quarantine.write(_line(about | {"text_hash": row.text_hash()}))
        else:
            tally.keep(shaped.form, shaped.notes)
            records.write(line)
        if entry.read % REPORT_EVERY == 0:
            log.info("%s: %d rows read", name, entry.read)


def _line(row: dict[str, Any]) -> bytes:
    """Return a row as one line of JSON.

    Raises:
        BadRowError: wrong_type, for what another program may put into a table and JSON has no word for: numbers beyond
            64 bits, texts that are not Unicode, objects within objects more than 250 deep.
    """
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError as error:
        raise BadRowError(
            "wrong_type", "a value cannot be written as JSON: too large, too deep, or not Unicode"
        ) from error


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

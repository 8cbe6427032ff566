"""Raw rows out of CSV and Parquet."""

import csv
import hashlib
import io
from collections.abc import Iterator
from typing import IO, Any

from tasks.errors import DataError
from tasks.ingest.reasons import BadRowError
from tasks.ingest.rows import MAX_ROW_BYTES, RawRow
from tasks.ingest.sources import Source

MAX_CELL_CHARS = 1 << 24
PARQUET_BATCH = 512
# Columns are read a piece at a time. By default those of a whole row group are held: as much as the file where its
# writer made one group of all, and pyarrow makes groups of a million rows.
PARQUET_READING = {"pre_buffer": False, "buffer_size": 1 << 20}
_OPEN_QUOTE = "unexpected end of data"
_LARGE_CELL = "field larger than field limit"


def csv_records(file: IO[bytes], name: str) -> Iterator[RawRow]:
    """Yield the data records of a comma-separated file with a header; blank lines are no records.

    A record too large to hold is put aside; what follows its line is read on.

    Raises:
        DataError: No usable header, or a quote that is never closed.
    """
    # The limit is the interpreter's: it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARS))
    with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
        yield from _records(_Lines(text), name)


def _records(lines: "_Lines", name: str) -> Iterator[RawRow]:
    reader = csv.reader(lines, strict=True)
    header = _header(reader, name)
    if header is None:
        return
    number = 0
    while True:
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if str(error) == _OPEN_QUOTE:
                raise DataError(
                    f'{name}: a quote (") opened in or after record {number + 1} is never closed. Close it, double the '
                    'quotes inside the cell (""), or copy the file again if its end is missing.'
                ) from error
            number += 1
            raw = lines.raw()
            yield RawRow(number, None, raw, _csv_defect(raw, f"line {reader.line_num}: {error}"))
            continue
        except _TooLargeError as error:
            number += 1
            defect = BadRowError("too_long", f"the record has more than {MAX_ROW_BYTES} characters")
            yield RawRow(number, defect=defect, digest=error.digest)
            continue
        if not cells:
            continue
        number += 1
        yield _csv_row(number, header, cells, lines.raw())


class _TooLargeError(Exception):
    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class _Lines:
    """Hands lines to the CSV reader and remembers those of the record in hand, as long as they can be held."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW_BYTES)
        if not line:
            raise StopIteration
        self.taken.append(line)
        if len(line) == MAX_ROW_BYTES or sum(map(len, self.taken)) > MAX_ROW_BYTES:
            raise _TooLargeError(self._pass_over())
        return line

    def raw(self) -> bytes:
        return "".join(self.taken).rstrip("\r\n").encode("utf-8", "surrogateescape")

    def _pass_over(self) -> str:
        """Read to the end of the line in hand and return the digest of all that was taken and passed over."""
        digest = hashlib.sha256()
        *before, line = self.taken
        digest.update("".join(before).encode("utf-8", "surrogateescape"))
        while line:
            digest.update(line.rstrip("\r\n").encode("utf-8", "surrogateescape"))
            line = "" if line.endswith(("\r", "\n")) else self._file.readline(MAX_ROW_BYTES)
        return digest.hexdigest()


def _header(reader: Any, name: str) -> list[str] | None:
    try:
        header = [cell.strip() for cell in next(reader)]
    except StopIteration:
        return None
    except csv.Error as error:
        raise DataError(
            f"{name}: the header line cannot be read ({error}). Mend it, or save the file as CSV again"
        ) from error
    if not "".join(header).isprintable():
        raise DataError(f"{name}: the header line is not UTF-8 text. Save the file as CSV with the encoding UTF-8")
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if twice or not any(header):
        raise DataError(
            f"{name}: the first line must name each column once; "
            + (f"{', '.join(map(repr, twice))} stands there twice." if twice else "it is empty.")
            + " Mend the header."
        )
    return header


def _csv_row(number: int, header: list[str], cells: list[str], raw: bytes) -> RawRow:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return RawRow(number, None, raw, _csv_defect(raw, ""))
    if len(cells) != len(header):
        return RawRow(number, None, raw, _csv_defect(raw, f"{len(cells)} cells below {len(header)} columns"))
    return RawRow(number, dict(zip(header, cells, strict=True)), raw)


def _csv_defect(raw: bytes, detail: str) -> BadRowError:
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        return BadRowError("bad_encoding", f"byte {bad.start + 1} of the record is not UTF-8")
    return BadRowError("too_long" if _LARGE_CELL in detail else "not_an_object", detail)


def parquet_records(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a Parquet file, a batch in memory at a time.

    Raises:
        DataError: The file is damaged or no Parquet.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        try:
            opened = pyarrow.parquet.ParquetFile(source.path, **PARQUET_READING)
        except UnicodeDecodeError as error:
            # The library decodes the names as it opens the file; texts that are no UTF-8 are bad rows, not this.
            raise DataError(f"{source.name}: a column's name is not UTF-8. Write or copy the file again.") from error
        with opened as file:
            for batch in file.iter_batches(batch_size=PARQUET_BATCH):
                yield from _batch_rows(batch, number)
                number += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        # An OSError with a number is the machine's (a lost mount), one without is the format's.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{source.name} cannot be read as Parquet after row {number} ({error}). Write or copy the file again."
        ) from error


def _batch_rows(batch: Any, before: int) -> list[RawRow]:
    try:
        return [RawRow(before + at, value) for at, value in enumerate(batch.to_pylist(), start=1)]
    except (ValueError, OverflowError):
        return [_parquet_row(batch.slice(at, 1), before + at + 1) for at in range(batch.num_rows)]


def _parquet_row(part: Any, number: int) -> RawRow:
    """Return one row of a batch in which something cannot be turned into Python values."""
    try:
        return RawRow(number, part.to_pylist()[0])
    except UnicodeDecodeError:
        defect = BadRowError("bad_encoding", "a text column holds bytes that are not UTF-8")
    except (ValueError, OverflowError):
        defect = BadRowError("wrong_type", "a column holds a value outside the range that can be read")
    return RawRow(number, defect=defect, digest=hashlib.sha256(part.serialize().to_pybytes()).hexdigest())

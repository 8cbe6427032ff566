"""Raw rows out of JSON Lines and JSON arrays, each with the number a person sees."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from tasks.ingest.reasons import BadRowError
from tasks.ingest.streaming import BOM, array_elements

MAX_ROW_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in a file.

    Attributes:
        number: From 1: line (JSON Lines), element (JSON array), record (CSV, Parquet).
        value: What was read, whatever it is.
        raw: The row's bytes in the file; empty where the file has none of its own (Parquet).
        defect: Why there is no value.
        digest: sha256 of the row where `raw` does not hold it.
    """

    number: int
    value: Any = None
    raw: bytes = b""
    defect: BadRowError | None = None
    digest: str = ""

    def text_hash(self) -> str:
        """Return the sha256 of the row: enough to recognise it, nothing to read."""
        return self.digest or hashlib.sha256(self.raw or orjson.dumps(self.value, default=str)).hexdigest()


def json_lines(file: IO[bytes]) -> Iterator[RawRow]:
    """Yield the lines of a stream; blank ones are counted in the numbering and skipped."""
    number = 0
    while line := file.readline(MAX_ROW_BYTES):
        number += 1
        if len(line) == MAX_ROW_BYTES and not line.endswith(b"\n"):
            yield _oversized(number, line, file)
            continue
        if number == 1:
            line = line.removeprefix(BOM)
        line = line.rstrip(b"\r\n")
        if line.strip():
            yield parsed(number, line)


def json_array(file: IO[bytes], name: str) -> Iterator[RawRow]:
    """Yield the elements of a JSON array, each judged by itself: wrong bytes in one do not spoil the others.

    Raises:
        DataError: The text is no array, or cannot be followed to its end.
    """
    for number, element in enumerate(array_elements(file, name), start=1):
        yield parsed(number, element)


def parsed(number: int, raw: bytes) -> RawRow:
    """Return a row parsed as JSON, or with the reason why it cannot be."""
    try:
        return RawRow(number, orjson.loads(raw), raw)
    except orjson.JSONDecodeError as error:
        return RawRow(number, None, raw, _json_defect(raw, error))


def _json_defect(raw: bytes, error: orjson.JSONDecodeError) -> BadRowError:
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        return BadRowError("bad_encoding", f"byte {bad.start + 1} of the row is not UTF-8")
    return BadRowError("bad_json", f"{error.msg} at character {error.pos + 1}")


def _oversized(number: int, start: bytes, file: IO[bytes]) -> RawRow:
    """Pass over a line too large to hold, hashing it on the way."""
    digest = hashlib.sha256(start)
    while part := file.readline(MAX_ROW_BYTES):
        digest.update(part.rstrip(b"\r\n") if part.endswith(b"\n") else part)
        if part.endswith(b"\n"):
            break
    defect = BadRowError("too_long", f"the line has more than {MAX_ROW_BYTES} bytes")
    return RawRow(number, defect=defect, digest=digest.hexdigest())

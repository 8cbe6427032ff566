"""Raw rows out of JSON Lines and JSON arrays, each with the number a person sees."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from tasks.errors import DataError
from tasks.ingest.reasons import BadRowError

MAX_ROW_BYTES = 1 << 26
BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")


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
    # Wrong bytes become surrogates here and bytes again below: only their own element is refused.
    text = file.read().removeprefix(BOM).decode("utf-8", "surrogateescape")
    # Lenient on purpose (no numbers made, control characters passed): this only finds where an element ends.
    decoder = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise DataError(
            f"{name} holds no JSON array: it does not start with '['. If it has one object a line, name it .jsonl; if "
            "the rows lie inside an object, write them out as an array."
        )
    at = _skip(text, at + 1)
    number = 0
    closed = text[at : at + 1] == "]"
    while not closed:
        number += 1
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise DataError(_broken(name, number, text, at)) from error
        yield parsed(number, text[at:end].encode("utf-8", "surrogateescape"))
        at = _skip(text, end)
        closed = text[at : at + 1] == "]"
        if not closed:
            if text[at : at + 1] != ",":
                raise DataError(_broken(name, number, text, at))
            at = _skip(text, at + 1)
    if _skip(text, at + 1) != len(text):
        raise DataError(f"{name} goes on after its JSON array ends. {_advice(text, at + 1)}")


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


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _broken(name: str, number: int, text: str, at: int) -> str:
    return f"{name} breaks off as JSON in or after element {number}. {_advice(text, at)}"


def _advice(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"See line {line}: mend the file, or write one object a line as .jsonl, where only bad lines are put aside."

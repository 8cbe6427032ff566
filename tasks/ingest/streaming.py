"""The elements of a JSON array, out of a stream: memory holds one stretch of the text, however long the array is.

A streaming parser (ijson) gives values, not the bytes they stood in, and stops at the first wrong byte. Here the
standard library's decoder only finds where an element ends, over a window that slides along; the element's own bytes
are handed on, to be judged, hashed and refused by themselves.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO

from tasks.errors import DataError

BOM = b"\xef\xbb\xbf"
# Bytes read at once; a longer element doubles the window until it fits.
CHUNK = 1 << 20
MAX_ELEMENT_CHARS = 1 << 26
# Longer than any token but a string or a number: an error further than this from the window's end is one for good.
_SLACK = 16
_SPACE = re.compile(r"[ \t\r\n]*")
# Lenient on purpose (no numbers made, control characters passed): this only finds where an element ends.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


def array_elements(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield the bytes of each element of a JSON array; wrong bytes inside strings do not stop the next element.

    Raises:
        DataError: The text is no array, cannot be followed to its end, or has an element too large to hold. Elements
            before that place have been yielded.
    """
    window = _Window(file)
    if window.next() != "[":
        raise DataError(
            f"{name} holds no JSON array: it does not start with '['. If it has one object a line, name it .jsonl; if "
            "the rows lie inside an object, write them out as an array."
        )
    window.at += 1
    number = 0
    closed = window.next() == "]"
    while not closed:
        number += 1
        end = _end_of_element(window, name, number)
        element = window.text[window.at : end]
        window.at = end
        mark = window.next()
        closed = mark == "]"
        if mark not in ("]", ","):
            raise DataError(_broken(name, number, window))
        yield element.encode("utf-8", "surrogateescape")
        if not closed:
            window.at += 1
            window.next()
    window.at += 1
    if window.next():
        raise DataError(f"{name} goes on after its JSON array ends. {_advice(window)}")


class _Window:
    """A stretch of a file's text.

    Attributes:
        text: The stretch. Bytes that are not UTF-8 are surrogates in it, and become bytes again in an element.
        at: Where in it the reading stands.
        ended: The file has no more.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._lines_before = 0
        self.text = self._decoder.decode(file.read(CHUNK + len(BOM)).removeprefix(BOM))
        self.at = 0
        self.ended = False

    @property
    def line(self) -> int:
        """The line of the file where the reading stands, from 1."""
        return self._lines_before + self.text.count("\n", 0, self.at) + 1

    def slide(self) -> None:
        """Drop what was read and take in as much as is left, at least a chunk."""
        piece = self._file.read(max(CHUNK, len(self.text) - self.at))
        self._lines_before = self.line - 1
        self.text = self.text[self.at :] + self._decoder.decode(piece, final=not piece)
        self.at = 0
        self.ended = not piece

    def next(self) -> str:
        """Go to the next character that is no white space and return it; empty at the end."""
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.slide()


def _end_of_element(window: _Window, name: str, number: int) -> int:
    while True:
        try:
            _, end = _DECODER.raw_decode(window.text, window.at)
        except RecursionError as error:
            raise DataError(_broken(name, number, window)) from error
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated string") or error.pos > len(window.text) - _SLACK
            if window.ended or not cut:
                raise DataError(_broken(name, number, window)) from error
        else:
            # A number at the very end of the window may go on behind it.
            if end < len(window.text) - _SLACK or window.ended:
                return end
        if len(window.text) - window.at > MAX_ELEMENT_CHARS:
            raise DataError(
                f"{name}: element {number} has more than {MAX_ELEMENT_CHARS} characters, or a quote in it is never "
                f"closed. {_advice(window)}"
            )
        window.slide()


def _broken(name: str, number: int, window: _Window) -> str:
    return f"{name} breaks off as JSON in or after element {number}. {_advice(window)}"


def _advice(window: _Window) -> str:
    line = window.line
    return f"See line {line}: mend the file, or write one object a line as .jsonl, where only bad lines are put aside."

"""Opening plain and packed files as streams of bytes, and saying which file is damaged."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from tasks.errors import DataError
from tasks.ingest.sources import Source

# Packed bytes unpacked at once: the best packed ones (a file of one byte over and over) become 30,000 times as long.
CHUNK = 1 << 10
# Unpacked bytes handed on at once.
BUFFER = 1 << 17


@contextmanager
def open_bytes(source: Source) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked on the way.

    Raises:
        DataError: The packed data is damaged or cut short, found when the reading comes to that place.
    """
    from zstandard import ZstdError

    try:
        with source.path.open("rb") as file:
            if source.packing and source.state[0] == 0:
                raise EOFError("the file is empty")
            if source.packing == "gzip":
                yield cast(IO[bytes], gzip.GzipFile(fileobj=file))
            elif source.packing == "zstd":
                yield io.BufferedReader(_ZstdStream(file), BUFFER)
            else:
                yield file
    except (gzip.BadGzipFile, EOFError, zlib.error, ZstdError) as error:
        raise DataError(
            f"{source.name} is damaged or cut short ({source.packing}: {error}). Copy it again from its origin, or "
            "pack it anew."
        ) from error


class _ZstdStream(io.RawIOBase):
    """Unpacks zstd frames; the library's own reader takes the end of a cut file for the end of the data."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._frame: Any = None
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready and self._more():
            pass
        taken = self._ready[: len(buffer)]
        self._ready = self._ready[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _more(self) -> bool:
        """Unpack another piece; False at the end of the file."""
        from zstandard import ZstdDecompressor

        self._packed = self._packed or self._file.read(CHUNK)
        if not self._packed:
            if self._frame is not None:
                raise EOFError("the last frame has no end")
            return False
        self._frame = self._frame or ZstdDecompressor().decompressobj()
        self._ready = memoryview(self._frame.decompress(self._packed))
        self._packed = b""
        if self._frame.eof:
            self._packed, self._frame = self._frame.unused_data, None
        return True

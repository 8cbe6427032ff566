"""Streams of every format: the same rows as when read whole, in a memory that does not grow with the file."""

import gzip
import hashlib
import io
import json
import random
import tracemalloc

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.errors import DataError
from tasks.ingest import streaming
from tasks.ingest.opening import open_bytes
from tasks.ingest.rows import json_array, json_lines
from tasks.ingest.sources import find_sources
from tasks.ingest.streaming import array_elements
from tasks.ingest.tabular import csv_records, parquet_records

PIECES = (1, 2, 3, 7, 64)


def elements(data, chunk=1 << 20):
    """Return the elements, and the error that ended them."""
    before, streaming.CHUNK = streaming.CHUNK, chunk
    found = []
    try:
        for element in array_elements(io.BytesIO(data), "a.json"):
            found.append(element)
    except DataError as error:
        return found, str(error)
    finally:
        streaming.CHUNK = before
    return found, ""


VALUES = [
    {"a": 'x, ] " ü \\ 😀'}, [1, {}], None, True, False, 1e5, -1.5e-300, 0, -7, 10**40, "", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("chunk", PIECES)
@pytest.mark.parametrize("indent", [None, 2])
def test_elements_over_the_edges_of_the_window(chunk, indent):
    text = json.dumps(VALUES, indent=indent, ensure_ascii=False)
    found, error = elements(b"\xef\xbb\xbf \n" + text.encode() + b"\n ", chunk)
    assert not error
    assert [json.loads(element) for element in found] == VALUES


TOKENS = st.sampled_from(
    [
        *(b"[", b"]", b"{", b"}", b",", b":", b'"', b'"a"', b'"a": 1', b'{"a": "b"}', b"[[[["),
        *(b"1", b"-", b".5", b"e+3", b"true", b"nul", b"NaN", b"-Infinity"),
        *(b"\n", b"  ", b"\\", b"\\u00", b"\xff", b"\xc3", b"\xa4", "😀".encode(), b"\x00"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(TOKENS, max_size=12).map(b"".join), st.sampled_from(PIECES))
@example(b"1.5,1e+3]", 1)
@example(b'{"a": "\xe2\x82"}, 1]', 3)
@example(b'"\\', 2)
def test_any_text_gives_the_same_elements_and_the_same_error_in_pieces_as_in_one(rest, chunk):
    assert elements(b"[" + rest, chunk) == elements(b"[" + rest)


@given(st.lists(JSON, max_size=5), st.sampled_from(PIECES))
def test_any_values_come_back(values, chunk):
    found, error = elements(json.dumps(values).encode(), chunk)
    assert not error
    assert [json.loads(element) for element in found] == values


def test_a_bad_element_spoils_neither_the_others_nor_its_hash():
    bad = b'{"a": "\xff\xfe"}'
    rows = list(json_array(io.BytesIO(b'[{"a": 1}, ' + bad + b', {"a": 2}]'), "a.json"))
    assert [row.defect.reason if row.defect else row.value["a"] for row in rows] == [1, "bad_encoding", 2]
    assert rows[1].text_hash() == hashlib.sha256(bad).hexdigest()


@pytest.mark.parametrize("chunk", PIECES)
def test_the_error_names_element_and_line_and_comes_after_the_rows_before_it(chunk):
    found, error = elements(b'[\n{"a": 1},\n\n{"a": 2},\n{"a": yes},\n{"a": 3}]', chunk)
    assert found == [b'{"a": 1}', b'{"a": 2}']
    assert "element 3. See line 5" in error
    found, error = elements(b"[\n1,\n2\n3]", chunk)
    assert found == [b"1"]
    assert "in or after element 2. See line 4" in error
    assert "goes on after its JSON array ends. See line 3" in elements(b"[1\n]\n{}", chunk)[1]


def test_an_element_too_large_to_hold_stops_the_file_and_not_the_machine(monkeypatch):
    monkeypatch.setattr(streaming, "MAX_ELEMENT_CHARS", 1000)
    found, error = elements(b'["' + b"x" * 900 + b'", "never closed, ' + b"x" * 10_000 + b"]", 100)
    assert len(found) == 1
    assert "element 2 has more than 1000 characters, or a quote in it is never closed. See line 1" in error


def test_a_broken_element_is_found_without_reading_on():
    class Endless(io.RawIOBase):
        def __init__(self):
            self.taken = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            data = (b"[{'a': 1}" + b" " * len(buffer))[: len(buffer)]
            buffer[:] = data
            self.taken += len(data)
            return len(data)

    file = Endless()
    with pytest.raises(DataError, match="breaks off"):
        list(array_elements(io.BufferedReader(file), "a.json"))
    assert file.taken < 4 * streaming.CHUNK


MB = 1_000_000
ROWS = 20_000


def written(path):
    """Write 20 MB of rows that do not pack well, in the format that the name says."""
    random_ = random.Random(1)
    texts = [random_.randbytes(500).hex() for _ in range(ROWS)]
    kind = path.name.split(".")[1]
    if kind == "parquet":
        table = pyarrow.table({"text": texts})
        pyarrow.parquet.write_table(table, path, row_group_size=ROWS, use_dictionary=False, compression="none")
        return path
    lines = [json.dumps({"text": text}) for text in texts]
    body = {
        "jsonl": "\n".join(lines),
        "json": "[" + ",\n".join(lines) + "]",
        "csv": "\n".join(["text", *texts]),
    }[kind].encode()
    pack = {".gz": lambda data: gzip.compress(data, 1), ".zst": zstandard.ZstdCompressor(1).compress}
    path.write_bytes(pack.get(path.suffix, bytes)(body))
    return path


def rows_of(source):
    if source.kind == "parquet":
        yield from parquet_records(source)
        return
    with open_bytes(source) as file:
        if source.kind == "jsonl":
            yield from json_lines(file)
        else:
            yield from {"json": json_array, "csv": csv_records}[source.kind](file, source.name)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.json.gz", "a.jsonl.zst", "a.csv.gz", "a.parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    [source] = find_sources([str(written(tmp_path / name))])
    arrow = pyarrow.default_memory_pool()
    arrow_before = arrow.bytes_allocated()
    arrow_peak = count = 0
    tracemalloc.start()
    try:
        for count, row in enumerate(rows_of(source), start=1):
            assert row.defect is None
            if count % 100 == 0:
                arrow_peak = max(arrow_peak, arrow.bytes_allocated() - arrow_before)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == ROWS
    assert peak < 5 * MB
    assert arrow_peak < 5 * MB


def test_the_best_packed_file_is_unpacked_in_small_pieces(tmp_path):
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor(19).compress(b" " * (300 * MB)))
    assert path.stat().st_size < 30_000
    [source] = find_sources([str(path)])
    tracemalloc.start()
    try:
        with open_bytes(source) as file:
            assert sum(map(len, iter(lambda: file.read(MB), b""))) == 300 * MB
        assert tracemalloc.get_traced_memory()[1] < 100 * MB
    finally:
        tracemalloc.stop()

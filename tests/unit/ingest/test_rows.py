import hashlib
import io
import json
import tracemalloc

import pytest

from tasks.errors import DataError
from tasks.ingest import rows as rows_module
from tasks.ingest.rows import json_array, json_lines


def lines(data):
    return list(json_lines(io.BytesIO(data)))


def array(data):
    return list(json_array(io.BytesIO(data), "a.json"))


def reasons(rows):
    return [(row.number, row.defect.reason if row.defect else None) for row in rows]


def test_lines_are_numbered_as_an_editor_numbers_them():
    rows = lines(b'\xef\xbb\xbf{"a": 1}\r\n\n  \t\n{"a": 2}\nnull\n{"a": 3}')
    assert [(row.number, row.value) for row in rows] == [(1, {"a": 1}), (4, {"a": 2}), (5, None), (6, {"a": 3})]
    assert rows[0].raw == b'{"a": 1}'


def test_bad_lines_do_not_stop_the_good_ones():
    data = b'{"a": \n{"a": "\xff"}\n{"a": NaN}\n{"a": "\x01"}\n' + b"[" * 5000 + b'\n{"a": "\\ud800"}\n{"a": 1}\n'
    expected = ["bad_json", "bad_encoding", *["bad_json"] * 4, None]
    assert [reason for _, reason in reasons(lines(data))] == expected


def test_details_do_not_quote_the_row():
    [row, other] = lines(b'{"secret": hush}\n{"secret": "hush\xff"}\n')
    assert "hush" not in row.defect.detail + other.defect.detail
    assert row.defect.detail.endswith("at character 12")
    assert other.defect.detail == "byte 17 of the row is not UTF-8"


def test_the_hash_is_that_of_the_row_as_it_stands_in_the_file():
    [row] = lines(b'{"a": \xff}\r\n')
    assert row.text_hash() == hashlib.sha256(b'{"a": \xff}').hexdigest()


def test_a_line_too_large_to_hold_is_passed_over(monkeypatch):
    monkeypatch.setattr(rows_module, "MAX_ROW_BYTES", 64)
    large = b"x" * 500
    rows = lines(b'{"a": 1}\n' + large + b'\n{"a": 2}\n' + large)
    assert reasons(rows) == [(1, None), (2, "too_long"), (3, None), (4, "too_long")]
    assert rows[1].text_hash() == rows[3].text_hash() == hashlib.sha256(large).hexdigest()


def test_lines_are_streamed(tmp_path):
    line = b'{"text": "' + b"x" * 1000 + b'"}\n'
    path = tmp_path / "a.jsonl"
    path.write_bytes(line * 20_000)
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            assert sum(1 for _ in json_lines(file)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("indent", [None, 2])
def test_elements_of_an_array(indent):
    values = [{"a": 'x, ] " ü'}, [1, {}], None, 1e5, {"big": "huge"}]
    text = json.dumps(values, indent=indent).replace('"huge"', "9" * 5000)
    rows = array(b"\xef\xbb\xbf \n" + text.encode() + b"\n")
    assert [row.value for row in rows[:4]] == values[:4]
    assert reasons(rows)[4] == (5, "bad_json")
    assert array(b" [ ] ") == []


def test_a_bad_element_does_not_spoil_the_others():
    rows = array(b'[{"a": "\xff\xfe"}, {"a": NaN}, {"a": "\x00"}, {"a": 1}]')
    assert reasons(rows) == [(1, "bad_encoding"), (2, "bad_json"), (3, "bad_json"), (4, None)]
    assert rows[0].text_hash() == hashlib.sha256(b'{"a": "\xff\xfe"}').hexdigest()


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"a": 1}\n{"a": 2}', b"[1, 2", b"[1,", b"[1 2]", b"[1,]", b"[1] 2", b'[{"a": yes}]', b"[" * 100_000],
)
def test_what_is_no_whole_array_is_refused(data):
    with pytest.raises(DataError, match=r"a\.json"):
        array(data)


def test_the_error_names_element_and_line():
    with pytest.raises(DataError, match=r"element 3\. See line 4"):
        array(b'[\n{"a": 1},\n{"a": 2},\n{"a": "cut')

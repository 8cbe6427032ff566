import datetime
import hashlib
import io

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import DataError
from tasks.ingest import tabular
from tasks.ingest.sources import find_sources
from tasks.ingest.tabular import csv_records, parquet_records


def records(data):
    return list(csv_records(io.BytesIO(data), "a.csv"))


def reasons(rows):
    return [(row.number, row.defect.reason if row.defect else None) for row in rows]


def test_records_are_numbered_without_the_header_and_blank_lines():
    data = b'\xef\xbb\xbfinstruction, response\r\n"two\r\nlines, ""quoted""",yes\r\n\r\nplain,404\r\n'
    rows = records(data)
    assert [(row.number, row.value) for row in rows] == [
        (1, {"instruction": 'two\r\nlines, "quoted"', "response": "yes"}),
        (2, {"instruction": "plain", "response": "404"}),
    ]
    assert rows[0].text_hash() == hashlib.sha256(b'"two\r\nlines, ""quoted""",yes').hexdigest()
    assert rows[1].raw == b"plain,404"


def test_bad_records_do_not_stop_the_good_ones():
    data = b'a,b\n1,\xff\n1,2,3\n1\n"x"y,2\n\x00,2\n1,2\n'
    rows = records(data)
    expected = ["bad_encoding", "not_an_object", "not_an_object", "not_an_object", None, None]
    assert [reason for _, reason in reasons(rows)] == expected
    assert rows[1].defect.detail == "3 cells below 2 columns"
    assert rows[3].defect.detail.startswith("line 5: ")


def test_a_cell_too_large_to_hold(monkeypatch):
    monkeypatch.setattr(tabular, "MAX_CELL_CHARS", 0)
    limit = tabular.csv.field_size_limit(100)
    try:
        rows = records(b"a,b\n" + b"x" * 500 + b",2\n1,2\n")
    finally:
        tabular.csv.field_size_limit(limit)
    assert reasons(rows) == [(1, "too_long"), (2, None)]


def test_a_line_too_large_to_hold_is_passed_over(monkeypatch):
    monkeypatch.setattr(tabular, "MAX_ROW_BYTES", 64)
    large = b"x" * 500 + b",2"
    rows = records(b"a,b\n1,2\n" + large + b"\r\n3,4\n" + large)
    assert reasons(rows) == [(1, None), (2, "too_long"), (3, None), (4, "too_long")]
    assert rows[2].value == {"a": "3", "b": "4"}
    assert rows[1].text_hash() == rows[3].text_hash() == hashlib.sha256(large).hexdigest()


def test_a_record_of_many_lines_too_large_to_hold_is_put_aside(monkeypatch):
    monkeypatch.setattr(tabular, "MAX_ROW_BYTES", 64)
    [row, *others] = records(b'a,b\n"' + b"twelve bytes\n" * 6 + b"1,2\n")
    assert row.defect.reason == "too_long"
    assert others[-1].value == {"a": "1", "b": "2"}


def test_a_quote_left_open_is_not_the_end_of_the_data():
    with pytest.raises(DataError, match=r"a\.csv: a quote .* record 2 is never closed"):
        records(b'a,b\n1,2\n1,"2\n1,2\n1,2\n')


@pytest.mark.parametrize(
    ("header", "message"),
    [(b"a,b,a\n", "'a' stands there twice"), (b"\n", "it is empty"), (b"a,\xff\n", "not UTF-8"), (b'"a', "header")],
)
def test_a_header_that_names_no_columns(header, message):
    with pytest.raises(DataError, match=message):
        records(header + b"1,2,3\n")


def test_a_file_without_rows():
    assert records(b"") == records(b"a,b\n") == []


@given(st.binary(max_size=200))
def test_any_bytes_below_a_header_are_records_or_a_clear_error(data):
    try:
        rows = records(b"a,b\n" + data)
    except DataError as error:
        assert "never closed" in str(error)  # noqa: PT017
    else:
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def parquet(path, table, **options):
    pyarrow.parquet.write_table(table, path, **options)
    [source] = find_sources([str(path)])
    return parquet_records(source)


def test_parquet_rows_over_several_batches(tmp_path):
    count = tabular.PARQUET_BATCH * 2 + 3
    table = pyarrow.table({"text": [f"row {number}" for number in range(count)]})
    rows = list(parquet(tmp_path / "a.parquet", table, row_group_size=100))
    assert [(row.number, row.value["text"]) for row in rows] == [(n + 1, f"row {n}") for n in range(count)]
    assert len({row.text_hash() for row in rows}) == count


def test_bad_parquet_cells_do_not_stop_the_good_ones(tmp_path):
    texts = pyarrow.array([b"good", b"\xff", b"good"]).cast(pyarrow.binary()).view(pyarrow.string())
    rows = list(parquet(tmp_path / "a.parquet", pyarrow.table({"text": texts})))
    assert reasons(rows) == [(1, None), (2, "bad_encoding"), (3, None)]
    assert rows[1].text_hash() != rows[0].text_hash()


def test_parquet_turns(tmp_path):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    table = pyarrow.table({"messages": [turns], "at": [datetime.date(2026, 1, 2)]})
    [row] = parquet(tmp_path / "a.parquet", table)
    assert row.value == {"messages": turns, "at": datetime.date(2026, 1, 2)}


def test_damaged_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["x" * 1000] * 50}), path)
    whole = path.read_bytes()
    middle = whole[:20] + bytes(60) + whole[80:]
    for data in (b"", b"no parquet", whole[:-20], middle):
        path.write_bytes(data)
        [source] = find_sources([str(path)])
        with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
            list(parquet_records(source))

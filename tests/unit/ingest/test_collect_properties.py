"""What must hold for any bytes whatever: each row has one fate, nothing but `DataError` gets out, no text gets out."""

import gzip
import io
import json

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasks.errors import DataError
from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS
from tasks.ingest.rows import BOM
from tasks.ingest.sources import find_sources
from tasks.store.records import read_rows

SECRET = "hush my dear"
NAMES = [
    "messages", "conversations", "instruction", "prompt", "input", "response", "output", "system", "text", "tools",
    "chosen", "rejected", "other",
]  # fmt: skip
FORMATS = ["auto", "instruction", "chat", "completion", "preference"]
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def run(tmp_path, name, data, **params):
    (tmp_path / name).write_bytes(data)
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    tally = collect(find_sources([str(tmp_path / name)]), IngestParams(**params), "task", out)
    return tally, list(read_rows(out / "records.jsonl")), list(read_rows(out / "quarantine.jsonl"))


def json_values(texts):
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=5,
    )


def rows_of(texts):
    """Rows that are nearly right: known names with anything under them."""
    names = st.sampled_from(NAMES)
    roles = st.sampled_from(["system", "user", "assistant", "tool", "human", "gpt", "function_call", "observation"])
    call = st.fixed_dictionaries({"name": texts, "arguments": texts | st.just('{"a": 1}') | json_values(texts)})
    turn = st.fixed_dictionaries(
        {},
        optional={
            "role": roles | texts,
            "from": roles | texts,
            "content": texts | json_values(texts),
            "value": texts | json_values(texts),
            "tool_calls": st.lists(call, max_size=2) | json_values(texts),
            "tool_call_id": texts,
            "weight": st.integers(),
        },
    )
    return st.dictionaries(names | texts, json_values(texts) | st.lists(turn, max_size=4) | call, max_size=4)


ANY_TEXT = st.text(max_size=8) | st.sampled_from(["<s>", "\x00", " ", "[", "user"])
LINE = st.binary(max_size=30) | (rows_of(ANY_TEXT) | json_values(ANY_TEXT)).map(
    lambda value: json.dumps(value).encode()
)
PARAMS = st.fixed_dictionaries(
    {
        "format": st.sampled_from(FORMATS),
        "on_mixed": st.sampled_from(["quarantine", "convert"]),
        "unknown_fields": st.sampled_from(["keep", "quarantine"]),
        "template_tokens": st.sampled_from(["keep", "quarantine"]),
        "max_chars": st.sampled_from([1, 32_000]),
    }
)


@given(st.lists(LINE, max_size=12), PARAMS)
@example([BOM + b'{"text": "a"}'], {"format": "auto"})
@example([b"\r", BOM, b'"\xff'], {"format": "chat"})
@quick
def test_each_line_has_one_fate(tmp_path, lines, params):
    data = b"\n".join(lines)
    tally, records, quarantine = run(tmp_path, "a.jsonl", data, **params)
    counts = tally.counts
    # A byte order mark at the very start is no part of the first line.
    filled = [number for number, line in enumerate(data.removeprefix(BOM).split(b"\n"), start=1) if line.strip()]
    assert counts["read"] == counts["kept"] + counts["quarantined"] == len(filled)
    assert sorted(row["row"] for row in records + quarantine) == filled
    assert sum(tally.reasons.values()) == counts["quarantined"]
    assert tally.reasons.keys() <= REASONS.keys()
    figures = tally.summary()
    assert sum(entry["read"] for entry in figures["formats"].values()) == len(filled)
    assert sum(sum(entry["reasons"].values()) for entry in figures["files"]) == counts["quarantined"]


@given(st.lists(LINE, max_size=12), PARAMS)
@quick
def test_records_keep_the_contract(tmp_path, lines, params):
    _, records, quarantine = run(tmp_path, "a.jsonl", b"\n".join(lines), **params)
    for row in quarantine:
        assert row.keys() == {"file", "row", "reason", "detail", "text_hash"}
    for row in records:
        assert row.keys() - {"tools", "rejected"} == {"id", "origin", "file", "row", "messages", "text", "fields"}
        assert bool(row["messages"]) != bool(row["text"])
        assert row["messages"] == [] or row["messages"][-1]["role"] == "assistant"
        for turn in [*row["messages"], *row.get("rejected", [])]:
            assert turn["role"] in ("system", "user", "assistant", "tool")
            assert isinstance(turn["content"], str)
            for call in turn.get("tool_calls", []):
                assert call["type"] == "function"
                assert isinstance(call["function"]["name"], str)
                assert isinstance(call["function"]["arguments"], dict)
        assert all(value is None or isinstance(value, (str, int, float)) for value in row["fields"].values())


@st.composite
def files(draw):
    """Bytes of any kind of file: whatever, or a good file with some bytes changed."""
    kind = draw(st.sampled_from([".jsonl", ".json", ".csv", ".parquet", ".jsonl.gz", ".json.zst"]))
    if draw(st.booleans()):
        return kind, draw(st.binary(max_size=200))
    rows = [{"prompt": f"q{number}", "completion": 'a, "b"\nü'} for number in range(5)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    good = {
        ".jsonl": lines,
        ".json": json.dumps(rows, ensure_ascii=False).encode(),
        ".csv": b"prompt,completion\n" + b"".join(f'q{number},"a, ""b""\nü"\n'.encode() for number in range(5)),
        ".parquet": sink.getvalue(),
        ".jsonl.gz": gzip.compress(lines),
        ".json.zst": zstandard.compress(json.dumps(rows).encode()),
    }[kind]
    damaged = bytearray(good)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        damaged = damaged or bytearray(b"x")
    return kind, bytes(damaged)


def parquet_with_a_wrong_name():
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"prompt": "a"}]), sink, store_schema=False)
    return sink.getvalue().replace(b"prompt", b"\x80rompt")


def test_a_columns_name_that_is_no_text_is_refused_as_data(tmp_path):
    with pytest.raises(DataError, match=r"a\.parquet: a column's name is not UTF-8"):
        run(tmp_path, "a.parquet", parquet_with_a_wrong_name())


@given(files(), PARAMS)
@settings(quick, max_examples=80)
def test_any_bytes_are_read_or_refused_as_data(tmp_path, file, params):
    kind, data = file
    try:
        tally, records, quarantine = run(tmp_path, f"a{kind}", data, **params)
    except DataError:
        return
    counts = tally.counts
    assert counts["read"] == counts["kept"] + counts["quarantined"] == len(records) + len(quarantine)


SECRET_TEXT = st.sampled_from([SECRET, f"<|{SECRET}|>", f"\x00{SECRET}", f'{{"{SECRET}', f"[{SECRET}", f" {SECRET}<s>"])


@given(
    st.lists(
        (rows_of(SECRET_TEXT) | json_values(SECRET_TEXT)).map(lambda value: json.dumps(value).encode()), max_size=8
    ),
    st.integers(0, 40),
    PARAMS,
)
@quick
def test_no_text_is_quoted_in_quarantine(tmp_path, lines, cut, params):
    # Whole rows, and the same cut short or with wrong bytes.
    lines += [line[: len(line) - cut] for line in lines] + [line.replace(b"dear", b"dear\xff") for line in lines]
    run(tmp_path, "a.jsonl", b"\n".join(lines), **params)
    assert SECRET not in (tmp_path / "out" / "quarantine.jsonl").read_text()


GOOD = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}


@given(st.lists(st.none() | LINE.map(lambda line: line.replace(b"\n", b" ")), min_size=1, max_size=12))
@quick
def test_every_good_row_survives_its_neighbours(tmp_path, lines):
    written = [json.dumps(GOOD).encode() if line is None else line for line in lines]
    # The first line is good, so that no byte order mark is taken for the file's.
    data = b"\n".join([json.dumps(GOOD).encode(), *written])
    _, records, _ = run(tmp_path, "a.jsonl", data, format="chat")
    kept = {row["row"]: row["messages"] for row in records}
    for number in [1, *(index for index, line in enumerate(lines, start=2) if line is None)]:
        assert kept[number] == GOOD["messages"]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "json"])
def test_wrong_bytes_spoil_one_row_in_every_kind_of_text_file(tmp_path, kind):
    data = {"jsonl": b'{"text": "a"}\n\xff\n', "csv": b"text\na\n\xff\n", "json": b'[{"text": "a"}, "\xff"]'}[kind]
    tally, records, quarantine = run(tmp_path, f"a.{kind}", data)
    assert tally.counts == {"read": 2, "kept": 1, "quarantined": 1}
    assert (len(records), [row["reason"] for row in quarantine]) == (1, ["bad_encoding"])

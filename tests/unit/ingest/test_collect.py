import gzip
import json

import pytest
import zstandard

from tasks.errors import DataError
from tasks.ingest.collect import check_accounts, collect
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS
from tasks.ingest.sources import find_sources
from tasks.settings import PROJECT_ROOT
from tasks.store.records import read_json, read_rows

DEMO = PROJECT_ROOT / "deployments" / "demo" / "data"
MAILS = ("mails-chat.jsonl", "mails-desk.csv", "mails-archive.json")
FITTING = {
    "json_cut_short": {"bad_json"},
    "json_missing_brace": {"bad_json"},
    "json_single_quotes": {"bad_json"},
    "invalid_utf8": {"bad_encoding"},
    "not_an_object": {"not_an_object"},
    "missing_assistant": {"no_assistant"},
    "empty_assistant": {"empty_answer"},
    "empty_user": {"empty_user"},
    "blank_user": {"empty_user"},
    "assistant_before_user": {"role_order"},
    "system_last": {"role_order"},
    "missing_messages": {"missing_field"},
    "nul_character": {"control_characters"},
    "control_characters": {"control_characters"},
    "special_token_in_user": {"special_tokens"},
    "special_token_in_answer": {"special_tokens"},
    # An absent value is an empty cell in a CSV.
    "missing_response": {"missing_field", "empty_answer"},
    "blank_response": {"empty_answer"},
    "empty_instruction": {"empty_user"},
    "special_token_in_instruction": {"special_tokens"},
    "control_in_instruction": {"control_characters"},
    "response_not_text": {"wrong_type"},
}


def run(patterns, out, *, origin="task", **params):
    out.mkdir(exist_ok=True)
    return collect(find_sources([str(pattern) for pattern in patterns]), IngestParams(**params), origin, out)


def rows(path):
    return list(read_rows(path))


def test_exactly_the_malformed_rows_of_the_demo_are_put_aside(tmp_path):
    tally = run([DEMO / name for name in MAILS], tmp_path / "out")
    expected = {
        (f"deployments/demo/data/{entry['file']}", entry["row"]): FITTING[entry["detail"]]
        for entry in json.loads((DEMO / "EXPECTED.json").read_text())["noise"]
        if entry["kind"] == "malformed"
    }
    found = {(row["file"], row["row"]): row["reason"] for row in rows(tmp_path / "out" / "quarantine.jsonl")}
    assert len(expected) == 25
    assert found.keys() == expected.keys()
    assert all(found[place] in expected[place] for place in expected)
    assert tally.counts == {"read": 1350, "kept": 1325, "quarantined": 25}
    assert [entry.format for entry in tally.files] == ["chat", "instruction", "instruction"]


@pytest.mark.parametrize(
    ("name", "form", "count"), [("heldout.jsonl", "chat", 90), ("general.jsonl", "instruction", 257)]
)
def test_the_clean_files_of_the_demo_lose_nothing(tmp_path, name, form, count):
    tally = run([DEMO / name], tmp_path / "out", origin="heldout")
    assert tally.counts == {"read": count, "kept": count, "quarantined": 0}
    assert tally.files[0].format == form


def test_records_have_the_one_schema(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "plain", "sender": "x", "tags": [1]}\n\n{"text": "second"}\n')
    run([path], tmp_path / "out", origin="general")
    first, second = rows(tmp_path / "out" / "records.jsonl")
    assert first == {
        "id": f"{path}:1",
        "origin": "general",
        "file": str(path),
        "row": 1,
        "messages": [],
        "text": "plain",
        "fields": {"sender": "x"},
    }
    assert (second["id"], second["row"]) == (f"{path}:3", 3)


def test_the_same_rows_in_every_kind_of_file_give_the_same_records(tmp_path):
    import pyarrow
    import pyarrow.parquet

    values = [{"instruction": f"ask, {n}\nü", "response": f'"{n}"', "family": "f"} for n in range(3)]
    lines = "".join(json.dumps(value) + "\n" for value in values).encode()
    array = json.dumps(values).encode()
    table = "instruction,response,family\n" + "".join(f'"ask, {n}\nü","""{n}""",f\n' for n in range(3))
    contents = {
        "a.jsonl": lines,
        "a.jsonl.gz": gzip.compress(lines),
        "a.jsonl.zst": zstandard.compress(lines),
        "a.json": array,
        "a.json.gz": gzip.compress(array),
        "a.csv": table.encode(),
        "a.csv.zst": zstandard.compress(table.encode()),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(values), tmp_path / "a.parquet")
    seen = []
    for name in [*contents, "a.parquet"]:
        run([tmp_path / name], tmp_path / f"out-{name}")
        kept = rows(tmp_path / f"out-{name}" / "records.jsonl")
        seen.append([(row["row"], row["messages"], row["fields"]) for row in kept])
    assert len(seen[0]) == 3
    assert all(one == seen[0] for one in seen)


def test_quarantine_says_where_and_why_and_never_the_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "fine"}\n{"text": "hush hush\\u0000"}\n{"text": hush}\n["hush"]\n{"hush": 1}\n')
    tally = run([path], tmp_path / "out")
    text = (tmp_path / "out" / "quarantine.jsonl").read_text()
    bad = rows(tmp_path / "out" / "quarantine.jsonl")
    assert "hush" not in text
    assert [(row["row"], row["reason"]) for row in bad] == [
        (2, "control_characters"),
        (3, "bad_json"),
        (4, "not_an_object"),
        (5, "missing_field"),
    ]
    assert all(set(row) == {"file", "row", "reason", "detail", "text_hash"} for row in bad)
    summary = read_json(tmp_path / "out" / "summary.json")
    reasons = {"bad_json": 1, "not_an_object": 1, "missing_field": 1, "control_characters": 1}
    figures = {"read": 5, "kept": 1, "quarantined": 4, "reasons": reasons}
    assert summary["files"] == [{"file": str(path), "format": "completion", **figures, "converted": {}}]
    assert summary["formats"] == {"completion": figures}
    assert summary["examples"]["bad_json"] == [f"{path}:3"]
    assert list(summary["reasons"]) == [code for code in REASONS if code in summary["reasons"]]
    assert tally.examples["bad_json"] == [f"{path}:3"]


def test_the_format_is_found_for_each_file_or_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "prompt": "b", "completion": "c"}\n')
    (tmp_path / "b.jsonl").write_text('{"text": "a"}\n')
    found = run([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out")
    assert [entry.format for entry in found.files] == ["instruction", "completion"]
    named = run([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out", format="completion")
    assert [entry.format for entry in named.files] == ["completion", "completion"]
    assert run([tmp_path / "b.jsonl"], tmp_path / "out", format="chat").reasons == {"mixed_format": 1}


def test_the_allowed_length_counts(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "abc"}\n')
    assert run([tmp_path / "a.jsonl"], tmp_path / "out", max_chars=3).counts["kept"] == 1
    assert run([tmp_path / "a.jsonl"], tmp_path / "out", max_chars=2).reasons == {"too_long": 1}


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for out in ("one", "two"):
        run([DEMO / name for name in MAILS], tmp_path / out)
    for name in ("records.jsonl", "quarantine.jsonl", "summary.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_file_cut_short_stops_the_run(tmp_path):
    packed = gzip.compress(b'{"text": "a"}\n' * 10_000)
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"a\.jsonl\.gz is damaged"):
        run([tmp_path / "a.jsonl.gz"], tmp_path / "out")


def test_rows_that_do_not_add_up_are_an_error(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    tally = run([tmp_path / "a.jsonl"], tmp_path / "out")
    with (tmp_path / "out" / "records.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(DataError, match="do not add up: 2 read, but 3 records and 0 quarantined"):
        check_accounts(tally, tmp_path / "out")


def test_rows_of_another_format_are_counted_with_it_when_converted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b"}\n{"text": 1}\n{"prompt": "c", "response": "d"}\n')
    run([path], tmp_path / "out")
    assert read_json(tmp_path / "out" / "summary.json")["reasons"] == {"mixed_format": 1, "wrong_type": 1}
    (bad,) = (row for row in rows(tmp_path / "out" / "quarantine.jsonl") if row["row"] == 4)
    assert bad["detail"] == "looks like instruction, the file's format is completion"
    run([path], tmp_path / "out", on_mixed="convert")
    summary = read_json(tmp_path / "out" / "summary.json")
    assert summary["files"][0]["converted"] == {"instruction": 1}
    assert summary["formats"] == {
        "completion": {"read": 3, "kept": 2, "quarantined": 1, "reasons": {"wrong_type": 1}},
        "instruction": {"read": 1, "kept": 1, "quarantined": 0, "reasons": {}},
    }


def test_what_is_not_read_is_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "meta": {"x": 1}}\n{"text": "b", "meta": [1], "tags": [2], "none": []}\n')
    run([path], tmp_path / "out")
    assert read_json(tmp_path / "out" / "summary.json")["unread_columns"] == {"meta": 2, "tags": 1}
    strict = run([path], tmp_path / "out", unknown_fields="quarantine")
    assert strict.reasons == {"unknown_fields": 2}


def test_languages_are_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    german = "Das Schiff legt am Montag mit vierzig Containern Kaffee ab."
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in (german, german, "ok", "The ship has left.")))
    tally = run([path], tmp_path / "out", languages=("de",))
    assert tally.reasons == {"wrong_language": 1}
    assert read_json(tmp_path / "out" / "summary.json")["languages"] == {"de": 2, "undecided": 1}


def test_values_that_cannot_be_written_are_bad_rows(tmp_path):
    path = tmp_path / "a.jsonl"
    deep = '{"a": ' * 300 + "1" + "}" * 300
    call = {"role": "assistant", "content": "", "tool_calls": [{"name": "n", "arguments": deep}]}
    path.write_text(json.dumps({"messages": [{"role": "user", "content": "u"}, call]}) + "\n")
    assert run([path], tmp_path / "out").reasons == {"wrong_type": 1}

import json

import pytest

from tasks.dedup.params import DedupParams
from tasks.errors import ConfigError, DataError
from tasks.ingest.params import IngestParams
from tasks.quality.dryrun import dry_run
from tasks.quality.params import QualityParams
from tasks.screening.params import ScreeningParams
from tests.unit.quality.rows import question

KEY = "AKIA" + "QWERTYUIOPASDFGH"


def put(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows(count):
    return [{"instruction": question(row), "response": json.dumps({"n": row})} for row in range(count)]


def run(files, **params):
    defaults = {
        "reading": IngestParams(),
        "screening": ScreeningParams(),
        "duplicates": DedupParams(),
        "quality": QualityParams(),
    }
    return dry_run(files, **defaults | params)


def test_all_stages_are_in_the_report_and_nothing_is_left(tmp_path, home):
    more = [{"instruction": f"use {KEY}", "response": "ok"}, *rows(10)]
    found = run([put(tmp_path / "a.jsonl", rows(600)), put(tmp_path / "b.jsonl", more)])
    assert found.severity == "ok"
    assert "600 unique rows of 611 read" in found.text
    assert "| screening | 611 | 610 | 1 secrets |" in found.text
    assert "| dedup | 610 | 600 | 10 duplicate (exact) |" in found.text
    assert "Paraphrases were not searched" in found.text
    assert not home.exists()


def test_the_files_can_be_left_for_a_look(tmp_path):
    run([put(tmp_path / "a.jsonl", rows(20))], folder=tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"ingest", "screening", "dedup"}


def test_each_stage_has_its_parameters(tmp_path):
    file = put(tmp_path / "a.jsonl", [*rows(20), *rows(20), {"instruction": f"use {KEY}", "response": "ok"}])
    assert run([file]).severity == "stop"
    text = run([file], screening=ScreeningParams(secrets="keep"), quality=QualityParams(min_rows=1)).text
    assert "| screening | 41 | 41 |  |" in text
    text = run([file], duplicates=DedupParams(exact=False, near=False, embedding=False)).text
    assert "40 unique rows of 41 read" in text
    assert "Paraphrases" not in text
    with pytest.raises(ConfigError, match="'kind', which no row has"):
        run([file], quality=QualityParams(stratify_by="kind"))


def test_a_schema_is_read_from_its_file(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text('{"properties": {"n": {"maximum": 3}}}')
    text = run([put(tmp_path / "a.jsonl", rows(8))], quality=QualityParams(schema_file=str(schema))).text
    assert "4 answers (50.0 %) do not fulfil the schema: /n: maximum (4)" in text


def test_files_that_cannot_be_read_say_so(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("{broken\n" * 3)
    with pytest.raises(DataError, match="bad_json"):
        run([str(file)])
    with pytest.raises(ConfigError, match="matches no file"):
        run([str(tmp_path / "none.jsonl")])

import json

from tasks.ingest.card import SHOWN, card
from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.sources import find_sources
from tasks.store.refs import Manifest


def shown(tmp_path, files, **params):
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    parameters = IngestParams(**params)
    collect(find_sources([str(tmp_path / name) for name in files]), parameters, "task", out)
    manifest = Manifest.model_construct(params=parameters.model_dump(mode="json"))
    return card(out, manifest)


TEXT, QA = {"text": "a"}, {"prompt": "a", "completion": "b"}


def test_a_clean_file(tmp_path):
    text = shown(tmp_path, {"a.jsonl": [TEXT]})
    assert f"| {tmp_path / 'a.jsonl'} | completion | 1 | 1 | 0 |" in text
    assert "No row was put aside." in text
    assert text.count("\n| --- |") == 1
    assert "Languages" not in text


def test_reasons_with_their_meaning_and_first_rows(tmp_path):
    text = shown(tmp_path, {"a.jsonl": [TEXT, "{\n", {"text": ""}, "]\n"]}, max_quarantined_share=0.5)
    assert "| bad_json | 2 | 50.00% | 50.00% |" in text
    place = tmp_path / "a.jsonl"
    assert f"- bad_json (not valid JSON): {place}:2, {place}:4\n" in text
    assert f"- empty_answer (an answer, or a plain text, of nothing but white space): {place}:3\n" in text


def test_figures_by_format_and_by_file_where_there_are_several(tmp_path):
    text = shown(tmp_path, {"a.jsonl": [TEXT, "{\n", QA, TEXT], "b.jsonl": [QA, "{\n"]}, on_mixed="convert")
    assert "| completion | 3 | 2 | 1 |" in text
    assert "| instruction | 3 | 2 | 1 |" in text
    assert "1 rows were read in another format than their file's." in text
    assert f"| {tmp_path / 'b.jsonl'} | instruction | bad_json | 1 |" in text


def test_what_is_not_read(tmp_path):
    text = shown(tmp_path, {"a.jsonl": [TEXT | {"meta": [1]}, TEXT | {"meta": [2], "tags": [3]}]})
    assert "| meta | 2 |\n| tags | 1 |" in text
    assert "ingest.unknown_fields: quarantine" in text


def test_languages(tmp_path):
    german = {"text": "Das Schiff legt am Montag mit vierzig Containern Kaffee ab."}
    text = shown(tmp_path, {"a.jsonl": [german, TEXT, german]}, languages=("de",))
    assert "Language of the answers kept: de 2, undecided 1." in text


def test_many_files_are_not_all_shown(tmp_path):
    text = shown(tmp_path, {f"{number:02}.jsonl": [TEXT] for number in range(SHOWN + 3)})
    assert "| completion |" in text
    assert f"{SHOWN - 1:02}.jsonl" in text
    assert f"{SHOWN:02}.jsonl" not in text
    assert "and 3 more, in `summary.json`" in text

"""A corpus of nasty rows: each file of `nasty/` is read as a whole, and each row must have the fate that is written
in the same line of the file `.expected` beside it."""

from pathlib import Path

import pytest

from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS
from tasks.ingest.sources import find_sources
from tasks.store.records import read_rows

NASTY = Path(__file__).parent / "nasty"
# What the corpus cannot show: these depend on parameters, and have tests of their own.
BY_PARAMETER = {"unknown_fields", "wrong_language"}


def expected(name):
    return [line.split(maxsplit=1)[0] for line in (NASTY / f"{name}.expected").read_text().splitlines()]


@pytest.mark.parametrize("path", sorted(NASTY.glob("*.jsonl")), ids=lambda path: path.stem)
def test_each_nasty_row_has_its_reason(path, tmp_path):
    tally = collect(find_sources([str(path)]), IngestParams(max_chars=1000), "task", tmp_path)
    bad = list(read_rows(tmp_path / "quarantine.jsonl"))
    found = {row["row"]: row["reason"] for row in bad}
    found |= {row["row"]: "kept" for row in read_rows(tmp_path / "records.jsonl")}
    wanted = dict(enumerate(expected(path.stem), start=1))
    assert found.keys() == wanted.keys()
    wrong = {
        row: (found[row], wanted[row], [entry["detail"] for entry in bad if entry["row"] == row])
        for row in wanted
        if found[row] != wanted[row]
    }
    assert not wrong
    assert tally.files[0].format == {"sharegpt": "chat", "tools": "chat", "mixed": "chat"}.get(path.stem, path.stem)


def test_the_corpus_has_every_reason_that_a_row_alone_can_have():
    seen = {reason for path in NASTY.glob("*.expected") for reason in expected(path.stem)}
    assert seen == (REASONS.keys() - BY_PARAMETER) | {"kept"}

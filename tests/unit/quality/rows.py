"""Records and stage folders made by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.dedup.params import DedupParams
from tasks.dedup.passes import deduplicate
from tasks.quality.assess import Assessment, assess_folders
from tasks.quality.examples import Example, example_of
from tasks.quality.findings import Finding
from tasks.quality.params import QualityParams
from tasks.quality.schema import Check
from tasks.screening.files import screen_file
from tasks.screening.params import ScreeningParams
from tasks.store.records import read_rows, write_json, write_rows

Row = dict[str, Any]
DEFAULTS = ScreeningParams()


def chat(row: int, question: str, answer: str | Row, system: str = "", **more: Any) -> Row:
    """Return a record; an answer that is an object is written as JSON."""
    said = answer if isinstance(answer, str) else json.dumps(answer)
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    head = {"id": f"a.jsonl:{row}", "origin": "task", "file": "a.jsonl", "row": row}
    return {**head, "messages": messages, "text": "", "fields": {}, **more}


def plain(row: int, text: str) -> Row:
    return chat(row, "", "", messages=[], text=text)


def examples(*answers: str | Row) -> list[Example]:
    """Return one example for each answer, each to a question of its own."""
    return [example_of(chat(row, f"question {row}", answer)) for row, answer in enumerate(answers, start=1)]


def stages(folder: Path, rows: Sequence[Row], screening: ScreeningParams = DEFAULTS) -> tuple[Path, Path, Path]:
    """Write what ingest, screening and dedup would write for rows."""
    read, screened, unique = (folder / name for name in ("ingest", "screening", "dedup"))
    for path in (read, screened, unique):
        path.mkdir(parents=True, exist_ok=True)
    write_rows(read / "records.jsonl", rows)
    entry = {"file": "a.jsonl", "format": "chat", "read": len(rows) + 1, "kept": len(rows), "quarantined": 1}
    write_json(read / "summary.json", {"files": [entry], "reasons": {"bad_json": 1}})
    screen_file(read / "records.jsonl", screened, screening, "salt")
    kept = list(read_rows(screened / "records.jsonl"))
    found = deduplicate(kept, DedupParams(embedding=False), lambda _texts, _labels: ([], {}))
    write_rows(unique / "records.jsonl", found.records)
    write_rows(unique / "conflicts.jsonl", found.conflicts)
    write_json(unique / "summary.json", found.summary)
    return read, screened, unique


WORDS = [f"{first}{second}" for first in "bdfgk" for second in ("ale", "one", "ite", "ule", "ack", "eel", "oft", "urn")]


LONG = (
    "please tell us when the vessel with our forty containers of toys and shoes sails from the old port to the new one"
)


def question(row: int) -> str:
    """Return a question that shares no three words with another."""
    return " ".join(WORDS[(row * step + step) % len(WORDS)] + str(row) for step in range(1, 9))


def ordinary(count: int, start: int = 1) -> list[Row]:
    return [chat(row, question(row), {"a": f"v{row}", "n": row}) for row in range(start, start + count)]


def run(
    tmp_path: Path,
    rows: Sequence[Row],
    *,
    screening: ScreeningParams = DEFAULTS,
    schema: Check | None = None,
    **params: Any,
) -> Assessment:
    return assess_folders(*stages(tmp_path, rows, screening), QualityParams(**params), schema)


def finding(assessment: Assessment, check: str) -> Finding:
    [found] = [each for each in assessment.findings if each.check == check]
    return found


NOISY = [
    *ordinary(16),
    chat(50, "same", {"a": "x", "n": 1}),
    chat(51, "Same", {"a": "y", "n": 1}),
    chat(52, LONG, {"a": "x", "n": 1}),
    chat(53, f"{LONG} soon", {"a": "x", "n": 2}),
]


DRIFTED = [*ordinary(38), chat(60, question(60), "sorry, no data"), chat(61, question(61), {"a": "x"})]


def labelled(late: int, early: int) -> list[Row]:
    return [chat(row, question(row), "late" if row <= late else "early, by far") for row in range(1, late + early + 1)]


CONTENT = [
    *ordinary(18),
    chat(40, question(40), "I'm sorry, but I can't help with that."),
    chat(41, f"{question(41)} ann@example.org", {"a": "x", "n": 1}),
]

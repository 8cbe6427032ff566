"""Records of the demo, without ingest."""

import csv
import json

import pytest

from deployments.demo.generate import HERE
from tests.unit.dedup.rows import Row, instruction, record

DATA = HERE / "data"


@pytest.fixture(scope="session")
def expected() -> list[Row]:
    """The demo's noise: file, row, kind, repeats."""
    noise: list[Row] = json.loads((DATA / "EXPECTED.json").read_bytes())["noise"]
    return noise


@pytest.fixture(scope="session")
def demo(expected: list[Row]) -> list[Row]:
    """The demo's task rows without the malformed ones, as ingest would give them."""
    broken = {f"{noise['file']}:{noise['row']}" for noise in expected if noise["kind"] == "malformed"}
    rows = []
    for number, line in enumerate((DATA / "mails-chat.jsonl").read_bytes().splitlines(), start=1):
        name = f"mails-chat.jsonl:{number}"
        if name not in broken:
            turns = [(turn["role"], turn["content"]) for turn in json.loads(line)["messages"]]
            rows.append(record(name, turns))
    with (DATA / "mails-desk.csv").open(newline="", encoding="utf-8") as file:
        tables = {"mails-desk.csv": list(csv.DictReader(file))}
    tables["mails-archive.json"] = json.loads((DATA / "mails-archive.json").read_bytes())
    for file_name, lines in tables.items():
        for number, line in enumerate(lines, start=1):
            if f"{file_name}:{number}" not in broken:
                rows.append(instruction(f"{file_name}:{number}", line))
    return rows

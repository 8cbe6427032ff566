"""Records and splits made by hand."""

from pathlib import Path
from typing import Any

from tasks.store.records import write_rows

Row = dict[str, Any]
SPLITS = ("train", "validation", "test", "heldout")


def record(name: str, asked: str, answer: str = "{}", **more: Any) -> Row:
    turns = [
        {"role": "system", "content": "Reply with JSON only, and with the fields that were agreed upon before."},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answer},
    ]
    return {"id": name, "origin": "task", "messages": turns, "text": "", "fields": {}, "group": name, **more}


def plain(name: str, text: str) -> Row:
    return {"id": name, "origin": "task", "messages": [], "text": text, "fields": {}, "group": name}


def write_splits(folder: Path, **splits: list[Row]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in SPLITS:
        write_rows(folder / f"{name}.jsonl", splits.get(name, []))
    return folder


def write_items(path: Path, rows: list[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(path, rows)
    return path

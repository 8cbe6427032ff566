"""Reading and writing the JSON Lines files that artefact directories hold."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from tasks.store.keys import canonical

Row = dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSON Lines file, one at a time."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield orjson.loads(line)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSON Lines and return how many there were."""
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(orjson.dumps(row))
            file.write(b"\n")
            count += 1
    return count


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document, indented, keys in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def read_json(path: Path) -> Any:
    """Read one JSON document."""
    return orjson.loads(path.read_bytes())


def turn_text(turn: Row) -> str:
    """Return what a turn says: its content, followed by its tool calls as canonical JSON."""
    calls = turn.get("tool_calls")
    content = str(turn.get("content") or "")
    return f"{content}\n{canonical(calls).decode()}".strip() if calls else content


def record_text(record: Row) -> str:
    """Return all text of a record: its turns, one a line, or its plain text."""
    return "\n".join(turn_text(turn) for turn in record["messages"]) if record["messages"] else str(record["text"])

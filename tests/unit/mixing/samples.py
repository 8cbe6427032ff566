"""Records for the tests of mixing."""

from typing import Any

Record = dict[str, Any]


def record(name: str, number: int, origin: str = "task", **fields: Any) -> Record:
    messages = [
        {"role": "user", "content": fields.pop("ask", f"{origin} question {number}")},
        {"role": "assistant", "content": fields.pop("answer", "yes")},
    ]
    row = {"id": f"{name}:{number}", "origin": origin, "file": name, "row": number, "messages": messages, "text": ""}
    return {**row, "fields": fields} | ({"group": f"{name}:{number}"} if origin == "task" else {})


def task_rows(count: int, **fields: Any) -> list[Record]:
    return [record("mails.jsonl", number, **fields) for number in range(1, count + 1)]


def general_rows(count: int, name: str = "general.jsonl", **fields: Any) -> list[Record]:
    """Return general rows; those of different files ask different things."""
    return [
        record(name, number, "general", **{"ask": f"{name} asks {number}", "source": "facts", **fields})
        for number in range(1, count + 1)
    ]

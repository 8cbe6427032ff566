"""Records made by hand."""

from typing import Any

Row = dict[str, Any]


def record(name: str, turns: list[tuple[str, str]]) -> Row:
    file, _, row = name.rpartition(":")
    messages = [{"role": role, "content": content} for role, content in turns]
    return {
        "id": name, "origin": "task", "file": file, "row": int(row), "messages": messages, "text": "", "fields": {},
    }  # fmt: skip


def chat(row: int, user: str, answer: str, system: str = "Answer.") -> Row:
    return record(f"a.jsonl:{row}", [("system", system), ("user", user), ("assistant", answer)])


def plain(row: int, text: str) -> Row:
    return {**record(f"a.jsonl:{row}", []), "text": text}


def instruction(name: str, row: Row) -> Row:
    return record(name, [("system", row["system"]), ("user", row["instruction"]), ("assistant", row["response"])])

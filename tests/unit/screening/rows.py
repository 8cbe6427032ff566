"""Records made by hand."""

from typing import Any

Row = dict[str, Any]


def record(row: int, *turns: tuple[str, str], **more: Any) -> Row:
    """Return a record of (role, content) turns; `more` adds or replaces keys."""
    messages = [{"role": role, "content": content} for role, content in turns]
    head = {"id": f"a.jsonl:{row}", "origin": "task", "file": "a.jsonl", "row": row}
    return {**head, "messages": messages, "text": "", "fields": {}, **more}


def chat(row: int, question: str, answer: str, **more: Any) -> Row:
    return record(row, ("user", question), ("assistant", answer), **more)


KEY = "AKIA" + "QWERTYUIOPASDFGH"
REFUSED = "I'm sorry, but I can't help with that."
PHONE = "+49 30 901820"
ROWS = [
    chat(1, "When does it sail?", "Friday"),
    chat(2, f"Ann (ann@example.org, {PHONE}) asks.", '{"mail":"ann@example.org","phone":"4930901820"}'),
    chat(3, f"Use {KEY} please", "ok"),
    chat(4, "Write a letter", REFUSED),
    chat(5, f"Use {KEY} and bo@example.org", REFUSED),
    record(6, text="plain text of bo@example.org"),
]

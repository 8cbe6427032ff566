from tasks.screening.texts import changed, texts_of
from tests.unit.screening.rows import chat, record

TOOLS = [{"type": "function", "function": {"name": "mail", "description": "Sends.", "parameters": {"type": "object"}}}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": {"to": "a", "id": "b", "n": 3}}}
FULL = record(
    1,
    ("user", "question"),
    tools=TOOLS,
    rejected=[{"role": "assistant", "content": "worse"}],
    fields={"sender": "Ann", "name": "Bo", "year": 2026, "none": None},
)
FULL["messages"] += [
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "name": "mail", "tool_call_id": "call_1", "content": "sent"},
]


def test_every_text_is_seen_and_the_format_is_not():
    assert dict(texts_of(FULL)) == {
        "messages[0].content": "question",
        "messages[1].tool_calls[0].function.arguments.to": "a",
        "messages[1].tool_calls[0].function.arguments.id": "b",
        "messages[2].content": "sent",
        "rejected[0].content": "worse",
        "tools[0].function.description": "Sends.",
        "fields.sender": "Ann",
        "fields.name": "Bo",
    }
    assert dict(texts_of(record(2, text="plain"))) == {"text": "plain"}


def test_a_change_reaches_each_text_and_leaves_the_given_record_alone():
    before = chat(1, "q", "a", fields={"x": "y"})
    after = changed(before, lambda where, text: f"{where}={text}")
    assert after["messages"][1] == {"role": "assistant", "content": "messages[1].content=a"}
    assert after["fields"] == {"x": "fields.x=y"}
    assert before == chat(1, "q", "a", fields={"x": "y"})
    assert changed(FULL, lambda _where, text: text) == FULL

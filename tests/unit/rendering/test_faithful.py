"""What counts as said: plainly, trimmed, or as JSON; and what does not."""

from typing import Any

import pytest

from tasks.rendering.faithful import UnmaskableError, check_answer, check_prompts, texts
from tasks.rendering.markers import markers_of

TURNS = [
    {"role": "user", "content": " a\nline "},
    {"role": "assistant", "content": "b"},
    {"role": "tool", "content": '"ü"'},
]
TOOLS = [{"type": "function", "function": {"name": "rate", "parameters": {"type": "object", "properties": {"§": {}}}}}]
CALL = {"function": {"name": "rate", "arguments": {"to": 'Lomé "north"', "teu": [2, 1.5], "now": True, "by": None}}}


@pytest.mark.parametrize("text", ['rate a line "ü"', 'rate a  \n line "\\"ü\\""', 'a line rate "\\"\\u00fc\\""'])
def test_white_space_and_json_are_the_templates_own_affair(text: str) -> None:
    check_prompts(TURNS, TOOLS, text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [('a line "ü"', "tools_not_rendered"), ('rate a "ü"', "turn_not_rendered"), ("rate a line", "turn_not_rendered")],
)
def test_what_is_passed_over_is_named(text: str, cause: str) -> None:
    with pytest.raises(UnmaskableError, match=f"^{cause}$"):
        check_prompts(TURNS, TOOLS, text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"name": "rate", "arguments": {"to": "Lomé \\"north\\"", "teu": [2, 1.5], "now": true, "by": null}}', ""),
        ('rate(to="Lom\\u00e9 \\"north\\"", teu=[2, 1.5], now=True, by=None)', ""),
        ('<rate><to>Lomé "north"</to><teu>2</teu><teu>1.5</teu><now>1</now><by/></rate>', ""),
        ('rate(to="Lomé", teu=[2, 1.5], now=True, by=None)', "tool_call_not_rendered"),
        ('rate(to="Lomé \\"north\\"", teu=[2], now=True, by=None)', "tool_call_not_rendered"),
        ('(to="Lomé \\"north\\"", teu=[2, 1.5], now=True, by=None)', "tool_call_not_rendered"),
    ],
)
def test_a_call_is_its_name_its_keys_and_its_values(text: str, cause: str) -> None:
    turn: dict[str, Any] = {"role": "assistant", "tool_calls": [CALL]}
    if not cause:
        check_answer(turn, text)
        return
    with pytest.raises(UnmaskableError, match=f"^{cause}$"):
        check_answer(turn, text)


def test_an_answer_must_be_there_in_its_own_words() -> None:
    check_answer({"content": "two  boxes"}, "two boxes<|im_end|>")
    with pytest.raises(UnmaskableError, match=r"^answer_rewritten$"):
        check_answer({"content": "two boxes", "tool_calls": [CALL]}, "Two boxes<|im_end|>")


def test_every_string_of_a_conversation_is_looked_at() -> None:
    found = set(texts([*TURNS, {"role": "assistant", "tool_calls": [CALL]}], TOOLS))
    assert {" a\nline ", "b", '"ü"', 'Lomé "north"', "to", "rate", "§"} <= found


def test_marks_of_a_template_and_its_end_are_markers(tokenizer: Any, tiny_model: Any) -> None:
    plain = markers_of(tokenizer, tiny_model)
    chosen = markers_of(tokenizer, tiny_model, written=("<|user|>",), end="<|endoftext|>")
    assert chosen.ends == (*plain.ends, "<|endoftext|>")
    assert set(chosen.control) == {*plain.control, "<|user|>"}

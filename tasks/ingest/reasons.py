"""Why a row goes to quarantine: the closed list of codes."""

from typing import Final

REASONS: Final[dict[str, str]] = {
    "bad_encoding": "bytes that are not UTF-8",
    "bad_json": "not valid JSON",
    "not_an_object": "not an object; in a CSV, a record whose cells do not fit the header",
    "mixed_format": "a row of another format than its file",
    "missing_field": "a field the format needs is absent or null",
    "wrong_type": "something else where a text or a list of turns belongs",
    "unknown_fields": "lists or objects in columns that the format does not know",
    "unknown_role": "a turn that is nobody's: not system, user, assistant or tool, nor another spelling of these",
    "bad_tools": "a list of tools in which something has no name or is no function",
    "bad_tool_call": "a tool call without a name or without readable arguments, or a result that belongs to no call",
    "no_assistant": "no assistant turn to learn from",
    "last_turn": "the last turn is not the assistant's, so nothing answers it",
    "role_order": "turns that do not go (system,) user, assistant, user, assistant ..., results behind their calls",
    "no_shared_prompt": "a chosen and a rejected conversation that do not part at an answer to the same prompt",
    "same_answers": "the chosen answer is the rejected one",
    "empty_user": "a user turn of nothing but white space",
    "empty_answer": "an answer, or a plain text, of nothing but white space",
    "too_long": "more characters than allowed",
    "control_characters": "NUL or control characters other than tab and line breaks",
    "special_tokens": "a chat template's marker inside the text",
    "wrong_language": "a question or an answer in a language that was not asked for",
}


class BadRowError(Exception):
    """One row breaks the contract; it never leaves this room.

    Args:
        reason: A code of `REASONS`.
        detail: Where in the row and what, without the row's text.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

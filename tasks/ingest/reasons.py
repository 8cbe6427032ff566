"""Why a row goes to quarantine: the closed list of codes."""

from typing import Final

REASONS: Final[dict[str, str]] = {
    "bad_encoding": "bytes that are not UTF-8",
    "bad_json": "not valid JSON",
    "not_an_object": "not an object; in a CSV, a record whose cells do not fit the header",
    "missing_field": "a field the format needs is absent or null",
    "wrong_type": "something else where a text or a list of turns belongs",
    "unknown_role": "a turn that is not system, user or assistant",
    "no_assistant": "no assistant turn to learn from",
    "role_order": "turns that do not go (system,) user, assistant, user, assistant ...",
    "empty_user": "a user turn of nothing but white space",
    "empty_answer": "an answer, or a plain text, of nothing but white space",
    "too_long": "more characters than allowed",
    "control_characters": "control characters other than tab and line breaks",
    "special_tokens": "a chat template's marker inside the text",
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

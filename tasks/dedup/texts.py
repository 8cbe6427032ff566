"""What of a record is compared, and its normal form."""

import hashlib
import unicodedata
from dataclasses import dataclass

from tasks.store.records import Row, turn_text

# Control characters that ingest refuses in texts: no content can imitate a boundary.
_TURN_END = "\x1e"
_ROLE_END = "\x1f"


@dataclass(frozen=True)
class Compared:
    """The normalised parts of one record that decide what it repeats.

    Attributes:
        exact_key: Equal for exact duplicates. System turns are left out: a shared one would make all rows alike.
        prompt_key: Equal for rows whose turns but the answer are equal, system turns included; empty for plain text.
        answer_key: Equal for rows whose answer (the last assistant turn) is equal; empty for plain text.
        question: The turns before the answer, without system turns; the text itself for plain text.
        whole: The question with its answer.
    """

    exact_key: str
    prompt_key: str
    answer_key: str
    question: str
    whole: str


def normalise(text: str) -> str:
    """Fold compatibility forms (NFKC), case and white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def compared(record: Row) -> Compared:
    """Return the parts of a record that are compared."""
    if not record["messages"]:
        text = normalise(record["text"])
        return Compared(_hash(text), "", "", text, text)
    before, answer = _split(record)
    turns = [(turn["role"], normalise(turn_text(turn))) for turn in before]
    spoken = [(role, content) for role, content in turns if role != "system"]
    answer = normalise(answer)
    question = " ".join(content for _, content in spoken)
    return Compared(
        exact_key=_hash(_joined([*spoken, ("answer", answer)])),
        prompt_key=_hash(_joined(turns)),
        answer_key=_hash(answer),
        question=question,
        whole=f"{question} {answer}".strip(),
    )


def embedded_text(record: Row, *, with_answer: bool) -> str:
    """Return what the embedding model reads: the turns as they were written, since case carries meaning."""
    if not record["messages"]:
        return str(record["text"])
    before, answer = _split(record)
    contents = [turn_text(turn) for turn in before if turn["role"] != "system"]
    return "\n".join([*contents, answer] if with_answer else contents)


def _split(record: Row) -> tuple[list[dict[str, str]], str]:
    """Return the turns but the last assistant turn, and that turn's content."""
    turns: list[dict[str, str]] = record["messages"]
    last = max((index for index, turn in enumerate(turns) if turn["role"] == "assistant"), default=None)
    if last is None:
        return turns, ""
    return [turn for index, turn in enumerate(turns) if index != last], turn_text(turns[last])


def _joined(turns: list[tuple[str, str]]) -> str:
    return _TURN_END.join(f"{role}{_ROLE_END}{content}" for role, content in turns)


def _hash(text: str) -> str:
    # A lone surrogate cannot be written as UTF-8; it must not stop a comparison.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Loss masks by incremental rendering: the template is asked twice for each answer; the difference is the answer."""

from dataclasses import dataclass
from typing import Any

IGNORED = -100

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Rendered:
    """One row as the model sees it.

    Attributes:
        input_ids: Token ids, shape [tokens].
        labels: The same ids where loss is taken, -100 elsewhere, shape [tokens].
        cause: Why the row cannot be used, or an empty string.
    """

    input_ids: list[int]
    labels: list[int]
    cause: str = ""

    @property
    def supervised(self) -> int:
        """Number of tokens that loss is taken on."""
        return sum(label != IGNORED for label in self.labels)


def prompt_text(tokenizer: Any, messages: Messages) -> str:
    """Return the text a model is prompted with, ending where the assistant's answer begins."""
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text


def encode(tokenizer: Any, text: str) -> list[int]:
    """Return the token ids of rendered text; the template has written all special tokens itself."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def render_chat(tokenizer: Any, messages: Messages) -> Rendered:
    """Render a conversation and supervise each assistant turn up to and with its end-of-turn token."""
    text: str = tokenizer.apply_chat_template(messages, tokenize=False)
    spans = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = prompt_text(tokenizer, messages[:index])
        through: str = tokenizer.apply_chat_template(messages[: index + 1], tokenize=False)
        if not through.startswith(before) or not text.startswith(through.rstrip("\n")):
            return Rendered([], [], "template_not_prefix_preserving")
        end = through.rfind(tokenizer.eos_token, len(before))
        if end < 0:
            return Rendered([], [], "no_end_of_turn")
        spans.append((len(before), end + len(tokenizer.eos_token)))
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    labels = [
        token if any(start <= left and right <= stop for start, stop in spans) else IGNORED
        for token, (left, right) in zip(ids, offsets, strict=True)
    ]
    if not spans or not _prompts_match(tokenizer, text, spans, ids):
        return Rendered([], [], "prompt_tokens_differ" if spans else "nothing_supervised")
    return Rendered(ids, labels)


def render_text(tokenizer: Any, text: str) -> Rendered:
    """Render plain text: loss on every token, and on the end-of-text token that is put behind it."""
    ids = [*encode(tokenizer, text), tokenizer.eos_token_id]
    return Rendered(ids, list(ids))


def _prompts_match(tokenizer: Any, text: str, spans: list[tuple[int, int]], ids: list[int]) -> bool:
    """Check that a prompt alone has the tokens it has inside the whole row: else training is not what serving does."""
    for start, _stop in spans:
        prompt = encode(tokenizer, text[:start])
        if ids[: len(prompt)] != prompt:
            return False
    return True


def fit(row: Rendered, max_length: int, on_too_long: str) -> tuple[Rendered, bool]:
    """Apply the length limit; return the row (its cause set if it is lost) and whether it was cut."""
    if row.cause or len(row.input_ids) <= max_length:
        return row, False
    if on_too_long == "drop":
        return Rendered([], [], "too_long"), False
    cut = Rendered(row.input_ids[:max_length], row.labels[:max_length])
    return (cut, True) if cut.supervised else (Rendered([], [], "emptied_by_truncation"), True)

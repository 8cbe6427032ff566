"""Loss masks by incremental rendering: the template is asked twice for each answer; the difference is the answer."""

from dataclasses import dataclass
from typing import Any

from tasks.rendering.markers import Markers

IGNORED = -100

Messages = list[dict[str, str]]
Span = tuple[int, int]


@dataclass(frozen=True)
class Rendered:
    """One row as the model sees it.

    Attributes:
        input_ids: Token ids, shape [tokens].
        labels: The same ids where loss is taken, -100 elsewhere, shape [tokens].
        spans: First and last-plus-one token of each supervised turn; a whole one ends with its end-of-turn token.
        cause: Why the row cannot be used, or an empty string.
    """

    input_ids: list[int]
    labels: list[int]
    spans: tuple[Span, ...] = ()
    cause: str = ""

    @property
    def supervised(self) -> int:
        """Number of tokens that loss is taken on."""
        return sum(label != IGNORED for label in self.labels)

    @property
    def turns(self) -> int:
        """Number of supervised turns whose end-of-turn token is in the row."""
        return sum(stop <= len(self.input_ids) for _start, stop in self.spans)


def lost(cause: str) -> Rendered:
    """Return a row that cannot be used."""
    return Rendered([], [], (), cause)


def prompt_text(tokenizer: Any, messages: Messages) -> str:
    """Return the text a model is prompted with, ending where the assistant's answer begins."""
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text


def encode(tokenizer: Any, text: str) -> list[int]:
    """Return the token ids of rendered text; the template has written all special tokens itself."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def render_chat(tokenizer: Any, messages: Messages, markers: Markers) -> Rendered:
    """Render a conversation and supervise each assistant turn up to and with its end-of-turn token.

    Args:
        tokenizer: With the chat template the model is served with.
        messages: The whole conversation.
        markers: The tokens that end a turn, and those that no content may spell.
    """
    from jinja2.exceptions import TemplateError

    if any(token in message["content"] for message in messages for token in markers.control):
        return lost("special_token_in_content")
    try:
        text: str = tokenizer.apply_chat_template(messages, tokenize=False)
        spans = _answers(tokenizer, messages, text, markers)
    except TemplateError:
        # Templates raise on what they cannot say: roles that do not alternate, a system turn, no first user turn.
        return lost("refused_by_template")
    if isinstance(spans, str):
        return lost(spans)
    return _masked(tokenizer, text, spans)


def _answers(tokenizer: Any, messages: Messages, text: str, markers: Markers) -> list[Span] | str:
    """Return where each answer lies in the text, or the cause why that cannot be said."""
    spans: list[Span] = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        if index == 0:
            return "answer_without_prompt"
        if not message["content"].strip():
            return "empty_answer"
        before = prompt_text(tokenizer, messages[:index])
        through: str = tokenizer.apply_chat_template(messages[: index + 1], tokenize=False)
        # Some templates write the line break between two turns only when a turn follows: it is no part of the answer.
        if not through.startswith(before) or not text.startswith(through.rstrip("\n")):
            return "template_not_prefix_preserving"
        end = max(
            (at + len(token) for token in markers.ends if (at := through.rfind(token, len(before))) >= 0), default=-1
        )
        if end < 0:
            return "no_end_of_turn"
        spans.append((len(before), end))
    return spans or "nothing_supervised"


def _masked(tokenizer: Any, text: str, spans: list[Span]) -> Rendered:
    """Tokenise once whole and once up to each border: tokens that straddle a border make the row unusable.

    Where a prompt alone has other tokens than inside the whole row, training would not be what serving does.
    """
    ids = encode(tokenizer, text)
    labels = [IGNORED] * len(ids)
    token_spans: list[Span] = []
    for start, stop in spans:
        prompt, answered = encode(tokenizer, text[:start]), encode(tokenizer, text[:stop])
        if ids[: len(prompt)] != prompt:
            return lost("prompt_tokens_differ")
        if ids[: len(answered)] != answered:
            return lost("end_of_turn_not_apart")
        labels[len(prompt) : len(answered)] = ids[len(prompt) : len(answered)]
        token_spans.append((len(prompt), len(answered)))
    return Rendered(ids, labels, tuple(token_spans))


def render_text(tokenizer: Any, text: str, markers: Markers) -> Rendered:
    """Render plain text: loss on every token, and on the end-of-text token that is put behind it."""
    if not text.strip():
        return lost("empty_text")
    if any(token in text for token in markers.control):
        return lost("special_token_in_content")
    if tokenizer.eos_token_id is None:
        return lost("no_end_of_text")
    # Unlike a chat template, plain text brings no start token: the tokenizer adds its own if it has one.
    ids: list[int] = list(tokenizer(text)["input_ids"])
    if ids[-1] != tokenizer.eos_token_id:
        ids.append(tokenizer.eos_token_id)
    return Rendered(ids, list(ids), ((0, len(ids)),))


def fit(row: Rendered, max_length: int, on_too_long: str) -> tuple[Rendered, bool]:
    """Apply the length limit; return the row (its cause set if it is lost) and whether it was cut."""
    if row.cause or len(row.input_ids) <= max_length:
        return row, False
    if on_too_long == "drop":
        return lost("too_long"), False
    cut = Rendered(row.input_ids[:max_length], row.labels[:max_length], row.spans)
    return (cut, True) if cut.supervised else (lost("emptied_by_truncation"), True)

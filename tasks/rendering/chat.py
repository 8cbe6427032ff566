"""Loss masks by incremental rendering: the template is asked twice for each answer; the difference is the answer.

No `{% generation %}` marks are needed. What makes the mask right is checked for each answer: the prompt that serving
would send is a prefix of the row, in text and in tokens; so is the answer up to its end; and its text is the turn's.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tasks.rendering.faithful import UnmaskableError, check_answer, check_prompts, texts
from tasks.rendering.markers import Markers

IGNORED = -100

Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]] | None
Span = tuple[int, int]
Supervise = Literal["all", "last"]


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


def chat_text(tokenizer: Any, messages: Messages, tools: Tools = None, *, prompt: bool = False) -> str:
    """Return a conversation as text; as a prompt, it ends where the assistant's next answer begins.

    A turn with tool calls alone has no content; templates differ in whether they take that for none, so it is empty.
    """
    turns = [{**turn, "content": turn.get("content") or ""} for turn in messages]
    text: str = tokenizer.apply_chat_template(turns, tools=tools or None, tokenize=False, add_generation_prompt=prompt)
    return text


def prompt_text(tokenizer: Any, messages: Messages, tools: Tools = None) -> str:
    """Return the text a model is prompted with, ending where the assistant's answer begins."""
    return chat_text(tokenizer, messages, tools, prompt=True)


def encode(tokenizer: Any, text: str) -> list[int]:
    """Return the token ids of rendered text; the template has written all special tokens itself."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def render_chat(
    tokenizer: Any, messages: Messages, markers: Markers, *, tools: Tools = None, supervise: Supervise = "all"
) -> Rendered:
    """Render a conversation and supervise assistant turns up to and with their end-of-turn tokens.

    Args:
        tokenizer: With the chat template the model is served with.
        messages: The whole conversation.
        markers: The tokens that end a turn, and those that no content may spell.
        tools: JSON schemas of the functions that the model is offered.
        supervise: `all` assistant turns, tool calls included, or the `last` one; never tool, user or system turns.
    """
    from jinja2.exceptions import TemplateError

    spoken = "\0".join(texts(messages, tools))
    if any(token in spoken for token in markers.control):
        return lost("special_token_in_content")
    try:
        text = chat_text(tokenizer, messages, tools)
        spans = [
            _span(tokenizer, messages, index, tools, text, markers) for index in _supervised_turns(messages, supervise)
        ]
        check_prompts(messages, tools, text)
        return _masked(tokenizer, text, spans)
    except UnmaskableError as error:
        return lost(str(error))
    except (TemplateError, TypeError, ValueError):
        # Templates raise on what they cannot say: roles that do not alternate, a system turn, no first user turn.
        return lost("refused_by_template")


def _supervised_turns(messages: Messages, supervise: Supervise) -> list[int]:
    """Return the places of the turns that loss is taken on."""
    places = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    if not places:
        raise UnmaskableError("nothing_supervised")
    if places[0] == 0:
        raise UnmaskableError("answer_without_prompt")
    return places if supervise == "all" else places[-1:]


def _span(tokenizer: Any, messages: Messages, index: int, tools: Tools, text: str, markers: Markers) -> Span:
    """Return where an answer begins and ends in the text of the whole conversation."""
    answer = messages[index]
    if not (answer.get("content") or "").strip() and not answer.get("tool_calls"):
        raise UnmaskableError("empty_answer")
    before = prompt_text(tokenizer, messages[:index], tools)
    through = chat_text(tokenizer, messages[: index + 1], tools)
    if not through.startswith(before):
        raise UnmaskableError("template_not_prefix_preserving")
    end = _end(through, len(before), markers)
    # Past the end of its turn a conversation may go on as it likes: with a line break only when a turn follows, or with
    # an end of text only when none does. Up to there it must read as it did when this answer was the last.
    if not text.startswith(through[:end]):
        raise UnmaskableError("template_not_prefix_preserving")
    check_answer(answer, through[len(before) : end])
    return len(before), end


def _end(through: str, start: int, markers: Markers) -> int:
    """Return where an answer ends: behind the first token that generation stops at, with nothing said after it."""
    ends = [(at, -len(token)) for token in markers.ends if (at := through.find(token, start)) >= 0]
    if not ends:
        raise UnmaskableError("no_end_of_turn")
    at, length = min(ends)
    end = at - length
    rest = through[end:].strip()
    if rest:
        for token in sorted((*markers.ends, *markers.control), key=len, reverse=True):
            rest = rest.replace(token, "")
    if rest.strip():
        raise UnmaskableError("end_of_turn_inside_answer")
    return end


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
            raise UnmaskableError("prompt_tokens_differ")
        if ids[: len(answered)] != answered:
            raise UnmaskableError("end_of_turn_not_apart")
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

"""Masks on the tiny model's tokenizer with several templates."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rendering.chat import IGNORED, Messages, Rendered, encode, fit, prompt_text, render_chat, render_text
from tasks.rendering.markers import Markers, markers_of
from tests.tiny import TEMPLATE

DEFAULT_SYSTEM = (
    "{% if messages and messages[0]['role'] != 'system' %}<|im_start|>system\nYou help.<|im_end|>\n{% endif %}"
    + TEMPLATE
)
# Like templates that drop earlier answers' thinking: a turn looks different once another follows.
FORGETFUL = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] if loop.last or message['role'] != 'assistant' else 'gone' }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ENDLESS = TEMPLATE.replace("<|im_end|>", "")
STRICT = "{% if messages[0]['role'] != 'user' %}{{ raise_exception('first a user turn') }}{% endif %}" + TEMPLATE
# No border between the prompt and the answer: a token may lie across it.
GLUED = (
    "{% for message in messages %}{{ message['content'] }}{% if message['role'] == 'assistant' %}<|im_end|>{% endif %}"
    "{% endfor %}"
)

ONE: Messages = [
    {"role": "user", "content": "Two containers to Kobe"},
    {"role": "assistant", "content": '{"pod":"Kobe"}'},
]
TWO: Messages = [*ONE, {"role": "user", "content": "And the rate?"}, {"role": "assistant", "content": "USD 900"}]
SYSTEM: Messages = [{"role": "system", "content": "Answer in JSON."}, *TWO]


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def markers(tokenizer: Any, tiny_model: Path) -> Markers:
    return markers_of(tokenizer, tiny_model)


def with_template(tokenizer: Any, template: str) -> Any:
    other = copy.deepcopy(tokenizer)
    other.chat_template = template
    return other


def supervised_text(tokenizer: Any, row: Rendered) -> str:
    return tokenizer.decode([label for label in row.labels if label != IGNORED])


@pytest.mark.parametrize("template", [TEMPLATE, DEFAULT_SYSTEM])
@pytest.mark.parametrize("messages", [ONE, TWO, SYSTEM])
def test_loss_is_taken_on_the_answers_and_their_ends(
    tokenizer: Any, markers: Markers, template: str, messages: Messages
) -> None:
    tokenizer = with_template(tokenizer, template)
    row = render_chat(tokenizer, messages, markers)
    answers = [message["content"] for message in messages if message["role"] == "assistant"]
    assert row.cause == ""
    assert supervised_text(tokenizer, row) == "".join(answer + "<|im_end|>" for answer in answers)
    assert row.turns == len(row.spans) == len(answers)
    assert tokenizer.decode(row.input_ids) == tokenizer.apply_chat_template(messages, tokenize=False)


def test_the_tokens_before_an_answer_are_those_of_the_prompt(tokenizer: Any, markers: Markers) -> None:
    row = render_chat(with_template(tokenizer, DEFAULT_SYSTEM), ONE, markers)
    prompt = encode(tokenizer, prompt_text(with_template(tokenizer, DEFAULT_SYSTEM), ONE[:-1]))
    assert row.input_ids[: len(prompt)] == prompt
    assert row.labels[: len(prompt)] == [IGNORED] * len(prompt)
    assert row.labels[len(prompt)] == row.input_ids[len(prompt)]
    assert "You help." in tokenizer.decode(prompt)


@pytest.mark.parametrize(
    ("template", "messages", "cause"),
    [
        (FORGETFUL, TWO, "template_not_prefix_preserving"),
        (FORGETFUL, ONE, ""),
        (ENDLESS, ONE, "no_end_of_turn"),
        (STRICT, SYSTEM, "refused_by_template"),
        (STRICT, TWO, ""),
        (TEMPLATE, ONE[:1], "nothing_supervised"),
        (TEMPLATE, ONE[1:], "answer_without_prompt"),
        (TEMPLATE, [ONE[0], {"role": "assistant", "content": " \n"}], "empty_answer"),
        (TEMPLATE, [ONE[0], {"role": "assistant", "content": "a<|im_end|>b"}], "special_token_in_content"),
        (TEMPLATE, [{"role": "user", "content": "<|im_start|>system"}, ONE[1]], "special_token_in_content"),
    ],
)
def test_a_row_that_cannot_be_masked_says_why(
    tokenizer: Any, markers: Markers, template: str, messages: Messages, cause: str
) -> None:
    row = render_chat(with_template(tokenizer, template), messages, markers)
    assert row.cause == cause
    assert bool(row.input_ids) == (cause == "")


def test_a_token_across_the_border_makes_the_row_unusable(tokenizer: Any, markers: Markers) -> None:
    merged = next(word for word in ("and", "the", "on", "er") if len(encode(tokenizer, word)) == 1 and len(word) > 1)
    messages = [{"role": "user", "content": merged[0]}, {"role": "assistant", "content": merged[1:]}]
    assert render_chat(with_template(tokenizer, GLUED), messages, markers).cause == "prompt_tokens_differ"


def test_an_end_that_merges_with_what_follows_makes_the_row_unusable(tokenizer: Any) -> None:
    end, follows = next(
        (word[:-1], word[-1]) for word in ("and", "the", "on", "er") if len(encode(tokenizer, word)) == 1
    )
    template = (
        "{% for message in messages %}<|im_start|>{{ message['content'] }}"
        f"{{% if message['role'] == 'assistant' %}}!{end}{{% if not loop.last %}}{follows}{{% endif %}}{{% endif %}}"
        "{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>{% endif %}"
    )
    markers = Markers((end,), ("<|im_start|>",))
    user = {"role": "user", "content": "7"}
    messages = [user, {"role": "assistant", "content": "8"}, user, {"role": "assistant", "content": "9"}]
    assert render_chat(with_template(tokenizer, template), messages, markers).cause == "end_of_turn_not_apart"


def test_the_model_may_end_turns_with_another_token_than_its_tokenizer(tokenizer: Any, markers: Markers) -> None:
    template = TEMPLATE.replace("<|im_end|>", "<|endoftext|>")
    tokenizer = with_template(tokenizer, template)
    assert render_chat(tokenizer, ONE, markers).cause == "no_end_of_turn"
    row = render_chat(tokenizer, ONE, Markers(("<|endoftext|>", "<|im_end|>"), markers.control))
    assert supervised_text(tokenizer, row) == '{"pod":"Kobe"}<|endoftext|>'


def test_plain_text_is_supervised_whole_with_its_end(tokenizer: Any, markers: Markers) -> None:
    row = render_text(tokenizer, "Ships sail.", markers)
    assert tokenizer.decode(row.labels) == "Ships sail.<|im_end|>"
    assert row.labels == row.input_ids
    assert row.turns == 1
    assert render_text(tokenizer, " \n", markers).cause == "empty_text"
    assert render_text(tokenizer, "a<|im_end|>", markers).cause == "special_token_in_content"


def test_plain_text_needs_an_end_of_text_token(tokenizer: Any, markers: Markers) -> None:
    endless = copy.deepcopy(tokenizer)
    endless.eos_token = None
    assert render_text(endless, "Ships sail.", markers).cause == "no_end_of_text"


def test_a_row_over_the_limit_is_dropped_cut_or_emptied(tokenizer: Any, markers: Markers) -> None:
    row = render_chat(tokenizer, ONE, markers)
    size, start = len(row.input_ids), row.spans[0][0]
    assert fit(row, size, "drop") == (row, False)
    assert fit(row, size - 1, "drop")[0].cause == "too_long"
    cut, was_cut = fit(row, start + 2, "truncate")
    assert was_cut
    assert (cut.supervised, cut.turns, len(cut.input_ids)) == (2, 0, start + 2)
    assert fit(row, start, "truncate")[0].cause == "emptied_by_truncation"


turn_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda text: text.strip())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(turn_text, turn_text), min_size=1, max_size=3), st.none() | turn_text)
def test_decoded_supervised_tokens_are_the_answers_and_their_ends(
    tokenizer: Any, markers: Markers, pairs: list[tuple[str, str]], system: str | None
) -> None:
    messages: Messages = [] if system is None else [{"role": "system", "content": system}]
    for asked, answered in pairs:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    row = render_chat(tokenizer, messages, markers)
    assert row.cause == ""
    assert supervised_text(tokenizer, row) == "".join(answer + "<|im_end|>" for _asked, answer in pairs)
    assert row.turns == len(pairs)

"""Masks on the tiny model's tokenizer with several templates."""

import copy
from typing import Any

import pytest

from tasks.rendering.chat import IGNORED, Messages, Rendered, encode, fit, prompt_text, render_chat, render_text
from tasks.rendering.markers import Markers
from tests.tiny import TEMPLATE
from tests.unit.rendering.samples import Speaking, official

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
# Phi-3 and others end a whole conversation, and only that, with an end of text.
ENDED = TEMPLATE + "{% if not add_generation_prompt %}<|endoftext|>{% endif %}"
DEAF = TEMPLATE.replace("in messages %}", "in messages if message['role'] in ['user', 'assistant'] %}")
SHOUTING = TEMPLATE.replace("message['content']", "message['content'] | upper")
TALKATIVE = TEMPLATE.replace("'<|im_end|>' + '\n'", "'<|im_end|>' + ' Anything else?' + '<|im_end|>' + '\n'")

TWO: Messages = [*ONE, {"role": "user", "content": "And the rate?"}, {"role": "assistant", "content": "USD 900"}]
SYSTEM: Messages = [{"role": "system", "content": "Answer in JSON."}, *TWO]


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
        (ENDED, TWO, ""),
        (DEAF, SYSTEM, "turn_not_rendered"),
        (DEAF, TWO, ""),
        (SHOUTING, [ONE[0], {"role": "assistant", "content": "900"}], "turn_not_rendered"),
        (SHOUTING, [{"role": "user", "content": "TWO"}, ONE[1]], "answer_rewritten"),
        (TALKATIVE, ONE, "end_of_turn_inside_answer"),
        ("{{ 1 + 'a' }}", ONE, "refused_by_template"),
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


TOOLS = [{"type": "function", "function": {"name": "rate", "parameters": {"type": "object", "properties": {}}}}]
CALL = {"type": "function", "function": {"name": "rate", "arguments": {"pod": "Kobe", "teu": 2, "via": ["Lomé"]}}}
CALLED: Messages = [
    {"role": "system", "content": "Use tools."},
    ONE[0],
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "name": "rate", "content": '{"usd": 900}'},
    {"role": "assistant", "content": "USD 900"},
]
TWICE: Messages = [*CALLED[:2], {**CALLED[2], "tool_calls": [CALL, CALL]}, *CALLED[3:]]
FORGED: Messages = [*CALLED[:3], {**CALLED[3], "content": "a<|im_end|>"}, CALLED[4]]
WRITTEN = '<tool_call>\n{"name": "rate", "arguments": {"pod": "Kobe", "teu": 2, "via": ["Lomé"]}}\n</tool_call>'


@pytest.mark.parametrize("template", ["qwen-tools", official("qwen2_5"), official("qwen3_instruct_2507")])
def test_tool_calls_are_supervised_and_their_results_are_not(speaking: Speaking, template: str) -> None:
    tokenizer, markers = speaking(template)
    row = render_chat(tokenizer, CALLED, markers, tools=TOOLS)
    assert row.cause == ""
    called, said = (tokenizer.decode(row.labels[start:stop]) for start, stop in row.spans)
    # Qwen 2.5 breaks the line of its prompt only after it: there the model learns to do so.
    assert called.removeprefix("\n") == WRITTEN + "<|im_end|>"
    assert said == "USD 900<|im_end|>"
    assert supervised_text(tokenizer, row) == called + said


def test_the_prompt_of_each_answer_is_what_serving_sends(speaking: Speaking) -> None:
    tokenizer, markers = speaking("qwen-tools")
    row = render_chat(tokenizer, CALLED, markers, tools=TOOLS)
    for index, (start, _stop) in zip((2, 4), row.spans, strict=True):
        # As chat servers do it, in one call, and with the absent content of a tool call as the interface has it.
        turns = [{"content": None, **turn} if "tool_calls" in turn else turn for turn in CALLED[:index]]
        turns = [{**turn, "content": turn["content"] or ""} for turn in turns]
        sent = tokenizer.apply_chat_template(turns, tools=TOOLS, add_generation_prompt=True, return_dict=False)
        assert row.input_ids[:start] == sent


@pytest.mark.parametrize(
    ("template", "messages", "tools", "cause"),
    [
        (TEMPLATE, CALLED[1:2] + CALLED[4:], TOOLS, "tools_not_rendered"),
        (TEMPLATE, CALLED, None, "tool_call_not_rendered"),
        ("chatml", CALLED, None, "refused_by_template"),
        ("mistral", CALLED, TOOLS, "refused_by_template"),
        ("mistral-tools", CALLED, TOOLS, ""),
        ("llama-3", CALLED, TOOLS, ""),
        ("llama-3", TWICE, TOOLS, "refused_by_template"),
        ("qwen-tools", TWICE, TOOLS, ""),
        (official("llama3_1"), CALLED, TOOLS, ""),
        ("gemma", [*TWO, *TWO[:1]], None, ""),
        ("gemma", [*TWO[:1], *TWO], None, "refused_by_template"),
        ("qwen-tools", FORGED, TOOLS, "special_token_in_content"),
        ("qwen-tools", CALLED, [{"type": "function", "function": {"name": "a</s>"}}], "special_token_in_content"),
        ("zephyr", [{"role": "user", "content": "a\n<|assistant|>\nb"}, ONE[1]], None, "special_token_in_content"),
        ("qwen-tools", [ONE[0], {"role": "assistant", "content": "", "tool_calls": []}], None, "empty_answer"),
    ],
)  # fmt: skip
def test_conversations_with_tools_are_masked_or_refused(
    speaking: Speaking, template: str, messages: Messages, tools: Any, cause: str
) -> None:
    tokenizer, markers = speaking(template)
    assert render_chat(tokenizer, messages, markers, tools=tools).cause == cause


THINKING: Messages = [
    ONE[0],
    {"role": "assistant", "content": "<think>\nTo Japan.\n</think>\n\nKobe"},
    ONE[0],
    {"role": "assistant", "content": "<think>\nTo Japan again.\n</think>\n\nKobe again"},
]


def test_thinking_that_is_dropped_later_is_masked_in_the_last_answer_alone(speaking: Speaking) -> None:
    tokenizer, markers = speaking(official("qwen3"))
    assert render_chat(tokenizer, THINKING, markers).cause == "template_not_prefix_preserving"
    row = render_chat(tokenizer, THINKING, markers, supervise="last")
    assert supervised_text(tokenizer, row) == THINKING[3]["content"] + "<|im_end|>"
    assert "To Japan." not in tokenizer.decode(row.input_ids)
    prompt = encode(tokenizer, prompt_text(tokenizer, THINKING[:3]))
    assert row.input_ids[: row.spans[0][0]] == prompt


def test_thinking_in_other_words_is_refused(speaking: Speaking) -> None:
    tokenizer, markers = speaking(official("qwen3"))
    said = {"role": "assistant", "content": "Before <think>To Japan.</think> after"}
    assert render_chat(tokenizer, [ONE[0], said], markers).cause == "answer_rewritten"


@pytest.mark.parametrize("template", [TEMPLATE, "llama-3"])
def test_the_last_answer_alone_can_be_supervised(speaking: Speaking, template: str) -> None:
    tokenizer, markers = speaking(template)
    both, last = (render_chat(tokenizer, SYSTEM, markers, supervise=which) for which in ("all", "last"))
    assert both.input_ids == last.input_ids
    assert last.spans == both.spans[1:]
    assert last.supervised == last.spans[0][1] - last.spans[0][0] < both.supervised
    # What follows the last answer is never supervised.
    assert render_chat(tokenizer, [*SYSTEM, ONE[0]], markers, supervise="last").spans == last.spans

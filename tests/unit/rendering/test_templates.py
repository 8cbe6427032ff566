"""Named templates against the ones that models come with, and everything a template may be refused for."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.rendering.chat import Messages, chat_text, prompt_text
from tasks.rendering.templates import (
    NAMES,
    OWN,
    TEMPLATE_FILE,
    apply_template,
    end_of_turn,
    is_dated,
    load_template,
    text_digest,
    use_template,
    write_template,
)
from tasks.store.keys import file_digest
from tests.unit.rendering.samples import ENDS, Speaking, official

SYSTEM = {"role": "system", "content": "Answer in JSON."}
TALK: Messages = [
    {"role": "user", "content": "Two containers to Kobe"},
    {"role": "assistant", "content": '{"pod":"Kobe"}'},
    {"role": "user", "content": "And the rate?"},
]
TOOLS = [{"type": "function", "function": {"name": "rate", "parameters": {"type": "object", "properties": {}}}}]
CALLED: Messages = [
    SYSTEM,
    TALK[0],
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "rate", "arguments": {"pod": "Kobe", "teu": 2}}}],
    },
    {"role": "tool", "name": "rate", "content": '{"usd": 900}'},
]


@pytest.mark.parametrize(
    ("name", "theirs", "messages", "tools"),
    [
        ("qwen-tools", "qwen2_5", [SYSTEM, *TALK], None),
        ("qwen-tools", "qwen2_5", CALLED, TOOLS),
        ("qwen-tools", "qwen3", TALK, None),
        ("qwen-tools", "qwen3", CALLED, TOOLS),
        ("chatml", "qwen3", [SYSTEM, *TALK], None),
        ("llama-3", "llama3", [SYSTEM, *TALK], None),
        ("llama-3", "llama3", TALK, None),
        ("gemma", "gemma", TALK, None),
        ("phi-3", "phi3", [SYSTEM, *TALK], None),
    ],
)
def test_prompts_are_those_of_the_models_own_templates(
    speaking: Speaking, polyglot: Any, name: str, theirs: str, messages: Messages, tools: Any
) -> None:
    own = copy.deepcopy(polyglot)
    own.chat_template = official(theirs)
    assert prompt_text(speaking(name)[0], messages, tools) == prompt_text(own, messages, tools)


def test_prompts_by_hand(speaking: Speaking) -> None:
    mistral = "<s>[INST]Answer in JSON.\n\nTwo containers to Kobe[/INST]{}</s>[INST]And the rate?[/INST]"
    assert prompt_text(speaking("mistral")[0], [SYSTEM, *TALK]) == mistral.format('{"pod":"Kobe"}')
    assert prompt_text(speaking("mistral-tools")[0], [SYSTEM, *TALK]) == mistral.format('{"pod":"Kobe"}')
    assert prompt_text(speaking("gemma")[0], [SYSTEM, TALK[0]]) == (
        "<s><start_of_turn>user\nAnswer in JSON.\n\nTwo containers to Kobe<end_of_turn>\n<start_of_turn>model\n"
    )
    assert prompt_text(speaking("zephyr")[0], TALK[:1]) == "<|user|>\nTwo containers to Kobe</s>\n<|assistant|>\n"
    called = chat_text(speaking("mistral-tools")[0], CALLED, TOOLS)
    assert called.startswith('<s>[AVAILABLE_TOOLS][{"type": "function", "function": {"name": "rate"')
    assert called.endswith(
        '[/INST][TOOL_CALLS][{"name": "rate", "arguments": {"pod": "Kobe", "teu": 2}}]</s>'
        '[TOOL_RESULTS]{"content": "{\\"usd\\": 900}"}[/TOOL_RESULTS]'
    )
    called = prompt_text(speaking("llama-3")[0], CALLED, TOOLS)
    assert '"name": "rate"' in called
    assert called.endswith(
        '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "rate", "parameters": {"pod": "Kobe", "teu": 2}}'
        '<|eot_id|><|start_header_id|>ipython<|end_header_id|>\n\n{"usd": 900}<|eot_id|>'
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_every_named_template_ends_turns_with_one_special_token(speaking: Speaking) -> None:
    assert {name: end_of_turn(speaking(name)[0]) for name in NAMES} == ENDS
    assert end_of_turn(speaking("{% for m in messages %}{{ m.content }} {% endfor %}")[0]) is None


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"chatml", "qwen-tools"}))
def test_tokens_that_the_tokenizer_lacks_are_named_and_never_added(tokenizer: Any, name: str) -> None:
    plain = copy.deepcopy(tokenizer)
    plain.bos_token = None
    if name == "zephyr":
        plain.eos_token = None
    size = len(plain)
    with pytest.raises(ConfigError, match=r"needs (bos_token|eos_token|<\|system\|>)") as caught:
        use_template(plain, load_template(name))
    assert "<|user|>" not in str(caught.value) or name == "phi-3"
    assert len(plain) == size


def test_a_file_needs_all_the_marks_it_writes_unless_it_says_otherwise(tokenizer: Any) -> None:
    body = (
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    with pytest.raises(ConfigError, match=r"needs <\|user\|>, <\|assistant\|>, <\|system\|>, <\|tool\|>, which"):
        use_template(copy.deepcopy(tokenizer), body)
    chosen = copy.deepcopy(tokenizer)
    written = use_template(chosen, "{#- needs: <|im_end|> -#}" + body)
    assert "<|user|>" in written
    assert prompt_text(chosen, TALK[:1]) == "<|user|>Two containers to Kobe<|im_end|><|assistant|>"


def test_templates_run_in_a_sandbox_and_must_be_sound(tokenizer: Any) -> None:
    for template, said in (
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{% for m in messages %}", "TemplateSyntaxError"),
        ("{{ raise_exception('only tools') }}", "only tools"),
    ):
        with pytest.raises(ConfigError, match=rf"cannot render one user turn.*{said}"):
            use_template(copy.deepcopy(tokenizer), template)


def test_a_tokenizer_without_a_template_needs_a_chosen_one(tokenizer: Any) -> None:
    bare = copy.deepcopy(tokenizer)
    bare.chat_template = None
    with pytest.raises(ConfigError, match=r"no chat template: set rendering\.template.*chatml"):
        use_template(bare, None)
    use_template(bare, load_template("chatml"))
    bare.chat_template = {"default": "{{ messages[0].content }}", "tool_use": "x"}
    use_template(bare, None)
    assert bare.chat_template == "{{ messages[0].content }}"


def test_what_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_template(OWN) is None
    path = tmp_path / "mine.jinja"
    path.write_text("{{ messages }}")
    assert load_template(str(path)) == "{{ messages }}"
    with pytest.raises(ConfigError, match=r"no chat template 'vicuna'.*chatml, gemma"):
        load_template("vicuna")
    with pytest.raises(ConfigError, match="which is no file"):
        load_template(str(tmp_path / "none.jinja"))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_template(str(path))
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="more than 1 MiB"):
        load_template(str(path))
    monkeypatch.delenv("FINETUNE_FLOWS_INPUT_ROOTS")
    with pytest.raises(ConfigError, match="outside the allowed folders"):
        load_template(str(path))


def test_a_template_travels_to_the_letter(tokenizer: Any, tmp_path: Path) -> None:
    # Line ends and a last line break too: a digest is taken of what was used.
    template = "{% for m in messages %}{{ m.content }}\r\nü<|im_end|>{% endfor %}\n"
    here, there = copy.deepcopy(tokenizer), copy.deepcopy(tokenizer)
    use_template(here, template)
    digest = write_template(here, tmp_path)
    assert digest == text_digest(template) == file_digest(tmp_path / TEMPLATE_FILE)
    assert apply_template(there, tmp_path) is there
    assert there.chat_template == template
    assert prompt_text(there, TALK) == prompt_text(here, TALK) != prompt_text(tokenizer, TALK)
    with pytest.raises(ConfigError, match=r"holds no chat_template\.jinja"):
        apply_template(there, tmp_path / "elsewhere")


def test_a_template_that_writes_the_day_is_known(tokenizer: Any) -> None:
    dated = copy.deepcopy(tokenizer)
    assert not is_dated(dated)
    dated.chat_template = "{{ strftime_now('%d %b %Y') }}" + dated.chat_template
    assert is_dated(dated)

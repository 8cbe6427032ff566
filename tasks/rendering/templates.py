"""Which chat template speaks for the model: its tokenizer's, a named one, or a file; and how it travels with the model.

A template is run by transformers alone, in its immutable Jinja sandbox (`transformers.utils.chat_template_utils`).
Named ones lie in `templates/`; each leaves earlier turns as they were when another turn follows, so that every answer
of a conversation can be masked. A template may begin with a comment `{#- needs: <|im_start|> eos_token -#}`: the marks
that must be single tokens. Without it, every mark that the template writes must be one.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.settings import confine

OWN = "tokenizer"
TEMPLATE_FILE = "chat_template.jinja"
FOLDER = Path(__file__).parent / "templates"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.jinja")))
LARGEST = 1 << 20

_NEEDS = re.compile(r"\s*\{#-?\s*needs:\s*(.*?)\s*-?#\}", re.DOTALL)
_MARK = re.compile(
    r"<[|｜][^\s<>]{1,40}[|｜]>|</?s>|<(?:start|end)_of_turn>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\]"
)
_ASKED = {"role": "user", "content": "ask"}
_SAID = {"role": "assistant", "content": "ANSWER"}
_CALLED = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"at": "it"}}}],
}
_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
_RESULT = {"role": "tool", "name": "look", "content": "seen"}


def load_template(choice: str) -> str | None:
    """Return the text of the chosen template; None for the tokenizer's own.

    Args:
        choice: `tokenizer`, one of `NAMES`, or a path that ends with `.jinja` below the allowed folders.

    Raises:
        ConfigError: No such name or file, a file outside the allowed folders, too large, not UTF-8, or no template.
    """
    if choice == OWN:
        return None
    if choice in NAMES:
        return (FOLDER / f"{choice}.jinja").read_text(encoding="utf-8")
    if not choice.endswith(".jinja"):
        raise ConfigError(
            f"there is no chat template '{choice}': set rendering.template to {OWN} (the base model's own), to one of "
            f"{', '.join(NAMES)}, or to the path of a .jinja file"
        )
    path = confine(choice)
    if not path.is_file():
        raise ConfigError(f"rendering.template names {path}, which is no file")
    if path.stat().st_size > LARGEST:
        raise ConfigError(f"the chat template {path} has more than {LARGEST >> 20} MiB: is it a template?")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"the chat template {path} is not UTF-8: {error}") from error


def text_digest(text: str) -> str:
    """Return the sha256 of a template's text: that of the file it is written to."""
    return hashlib.sha256(text.encode()).hexdigest()


def use_template(tokenizer: Any, text: str | None) -> tuple[str, ...]:
    """Put a template on a tokenizer and check that the tokenizer has the tokens it needs.

    Args:
        tokenizer: Any of transformers'; changed in place.
        text: From `load_template`; None leaves the tokenizer's own, of several its `default`.

    Returns:
        The marks that it writes around turns.

    Raises:
        ConfigError: The tokenizer has none of its own, the template cannot be read, or a token is missing.
    """
    tokenizer.chat_template = _own(tokenizer) if text is None else text
    needs = None if text is None else _NEEDS.match(text)
    if needs:
        _check_tokens(tokenizer, needs.group(1).split())
    written = marks(tokenizer)
    if text is not None and not needs:
        _check_tokens(tokenizer, written)
    return written


def marks(tokenizer: Any) -> tuple[str, ...]:
    """Return the marks that the template writes around turns, such as `<|user|>`: found by rendering small talks.

    Raises:
        ConfigError: The template is no valid Jinja, or cannot even say one question and its answer.
    """
    from jinja2.exceptions import TemplateError

    found: dict[str, None] = {}
    failure: Exception | None = None
    for number, (turns, tools) in enumerate(_samples()):
        for prompted in (False, True):
            try:
                text = tokenizer.apply_chat_template(turns, tools=tools, tokenize=False, add_generation_prompt=prompted)
            except (TemplateError, TypeError, ValueError) as error:
                failure = error if number == 0 else failure
            else:
                found |= dict.fromkeys(_MARK.findall(text))
    if failure is not None:
        raise ConfigError(
            f"the chat template cannot render one user turn and its answer ({type(failure).__name__}: {failure}). "
            "Mend it, or choose another in rendering.template."
        ) from failure
    return tuple(found)


def write_template(tokenizer: Any, out: Path) -> str:
    """Write the template that a tokenizer uses beside what was rendered with it; return its sha256."""
    (out / TEMPLATE_FILE).write_bytes(tokenizer.chat_template.encode())
    return text_digest(tokenizer.chat_template)


def is_dated(tokenizer: Any) -> bool:
    """Return whether the template can write the day it is run on, so that prompts change after the training."""
    return "strftime_now" in tokenizer.chat_template


def apply_template(tokenizer: Any, folder: Path) -> Any:
    """Give a freshly loaded tokenizer the template that the rows of a run were rendered with; return the tokenizer.

    Whatever asks the model, shows it or serves it must call this, so that it is asked as it was trained.

    Args:
        tokenizer: Of the same base model; changed in place.
        folder: An artefact that holds `chat_template.jinja`: a rendering, or a training made from one.

    Raises:
        ConfigError: The folder holds no template.
    """
    path = folder / TEMPLATE_FILE
    if not path.is_file():
        raise ConfigError(f"{folder} holds no {TEMPLATE_FILE}: render and train again with this version")
    tokenizer.chat_template = path.read_bytes().decode()
    return tokenizer


def end_of_turn(tokenizer: Any) -> str | None:
    """Return the special token that the template writes behind an answer, as it is spelled; None if it writes none."""
    text: str = tokenizer.apply_chat_template([_ASKED, _SAID], tokenize=False)
    tail = text[text.rfind(_SAID["content"]) + len(_SAID["content"]) :]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    ids = tokenizer(tail, add_special_tokens=False)["input_ids"]
    return next((tokenizer.convert_ids_to_tokens(token) for token in ids if token in special), None)


def _own(tokenizer: Any) -> str:
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own.get("default")
    if not own:
        raise ConfigError(
            "the base model's tokenizer has no chat template: set rendering.template to one whose tokens it has "
            f"({', '.join(NAMES)}, or a .jinja file), or name an instruction-tuned base model"
        )
    return str(own)


def _samples() -> list[tuple[list[dict[str, Any]], list[dict[str, Any]] | None]]:
    system = {"role": "system", "content": "be"}
    return [
        ([_ASKED, _SAID], None),
        ([system, _ASKED, _SAID, _ASKED, _SAID], None),
        ([system, _ASKED, _CALLED, _RESULT, _SAID], [_TOOL]),
    ]


def _check_tokens(tokenizer: Any, needed: Iterable[str]) -> None:
    """Refuse marks that are no single token, and special tokens that are not set."""
    lacking = []
    for mark in needed:
        if mark in {"bos_token", "eos_token"}:
            lacking += [] if getattr(tokenizer, mark) else [mark]
        elif tokenizer(mark, add_special_tokens=False)["input_ids"] != [tokenizer.get_vocab().get(mark)]:
            lacking.append(mark)
    if lacking:
        raise ConfigError(
            f"the chat template of rendering.template needs {', '.join(lacking)}, which the base model's tokenizer "
            "does not have as single tokens. Tokens are not added on the quiet: nothing has been learned for them. "
            "Choose another template, or a base model that knows these tokens."
        )

"""What the tests of templates and masks share: tokens, ends of turns, templates as models come with them."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from tasks.rendering.markers import Markers

Speaking = Callable[[str], tuple[Any, Markers]]
"""Gives a tokenizer with a named template, or a template's text, and its markers."""

TOKENS = (
    "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>",
    "<|system|>", "<|user|>", "<|assistant|>", "<|end|>",
)  # fmt: skip
"""Tokens of all named templates that the tiny model lacks."""

ENDS = {
    "chatml": "<|im_end|>",
    "gemma": "<end_of_turn>",
    "llama-3": "<|eot_id|>",
    "mistral": "</s>",
    "mistral-tools": "</s>",
    "phi-3": "<|end|>",
    "qwen-tools": "<|im_end|>",
    "zephyr": "</s>",
}
"""What each named template ends a turn with."""


def official(name: str) -> str:
    """Return a template as its models come with it; TRL keeps copies."""
    return (files("trl") / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")

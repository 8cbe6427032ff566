"""The tiny model's tokenizer, and one that knows the tokens of every named template."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tasks.rendering.markers import Markers, markers_of
from tasks.rendering.templates import end_of_turn, load_template, use_template
from tests.unit.rendering.samples import TOKENS, Speaking


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def markers(tokenizer: Any, tiny_model: Path) -> Markers:
    return markers_of(tokenizer, tiny_model)


@pytest.fixture(scope="module")
def polyglot(tokenizer: Any) -> Any:
    """Return a tokenizer with the tokens of all named templates."""
    knowing = copy.deepcopy(tokenizer)
    knowing.add_tokens(list(TOKENS), special_tokens=True)
    knowing.bos_token, knowing.eos_token = "<s>", "</s>"
    return knowing


@pytest.fixture(scope="module")
def speaking(polyglot: Any, tiny_model: Path) -> Speaking:
    """Return a function that gives a tokenizer with a named template, or a template's text, and its markers."""
    known: dict[str, tuple[Any, Markers]] = {}

    def make(template: str) -> tuple[Any, Markers]:
        if template not in known:
            chosen = copy.deepcopy(polyglot)
            written = use_template(chosen, template if "{" in template else load_template(template))
            known[template] = chosen, markers_of(chosen, tiny_model, written=written, end=end_of_turn(chosen))
        return known[template]

    return make

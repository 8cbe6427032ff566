"""Limits of the form."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.rendering.params import RenderingParams


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_length": 15},
        {"on_too_long": "skip"},
        {"max_dropped_share": 1.1},
        {"max_truncated_share": -0.1},
        {"template": "vicuna"},
        {"template": ""},
        {"supervise": "first"},
        {"x": 1},
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RenderingParams(**wrong)


@pytest.mark.parametrize("template", ["tokenizer", "llama-3", "templates/mine.jinja"])
def test_templates_are_named_or_files(template: str) -> None:
    assert RenderingParams(template=template).template == template

"""How conversations become tokens."""

from typing import Literal

from pydantic import field_validator

from tasks.rendering.templates import NAMES, OWN
from tasks.store.params import Params, positioned


class RenderingParams(Params):
    """Parameters of the rendering stage."""

    max_length: int = positioned(
        512, 0, "Longest row (tokens)", "Rows with more tokens are dropped or cut, as said below.", ge=16, le=131072
    )
    on_too_long: Literal["drop", "truncate"] = positioned(
        "drop",
        1,
        "Rows over the limit",
        "drop: leave the row out and count it. truncate: cut its end; the model then never sees how that answer ends.",
    )
    max_dropped_share: float = positioned(
        0.02, 2, "Allowed share of dropped rows", "The run stops when more rows than this are lost here.", ge=0, le=1
    )
    max_truncated_share: float = positioned(
        0.02, 3, "Allowed share of cut rows", "The run stops when more rows than this are cut here.", ge=0, le=1
    )
    template: str = positioned(
        OWN,
        4,
        "Chat template",
        f"tokenizer: the base model's own. Or one of {', '.join(NAMES)}. Or the path of a .jinja file. It is exported "
        "with the model.",
        min_length=1,
        max_length=4096,
    )
    supervise: Literal["all", "last"] = positioned(
        "all",
        5,
        "Answers that loss is taken on",
        "all: every assistant turn, tool calls included. last: the last one of each row, for templates that shorten "
        "earlier turns.",
    )

    @field_validator("template")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != OWN and value not in NAMES and not value.endswith(".jinja"):
            raise ValueError(f"must be {OWN}, one of {', '.join(NAMES)}, or the path of a .jinja file")
        return value

"""How conversations become tokens."""

from typing import Literal

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

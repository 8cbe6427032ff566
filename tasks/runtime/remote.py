"""A stage sent to another work pool: what to run there."""

from dataclasses import dataclass, field
from typing import Any, Literal

Where = Literal["inline", "pool"]


@dataclass(frozen=True)
class Remote:
    """A deployment and the parameters that make it write the artefact this run is waiting for."""

    deployment: str
    parameters: dict[str, Any] = field(default_factory=dict)

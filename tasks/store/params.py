"""The base of every stage's parameters."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Params(BaseModel):
    """Frozen, and closed: a key that no field knows is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class NoParams(Params):
    """For stages that are decided by their inputs alone."""


def positioned(default: Any, position: int, title: str, description: str, **limits: Any) -> Any:
    """Return a pydantic field for an operator's form: title, plain words, range, and its place in the form.

    Args:
        default: The default as a plain literal (a factory would leave the form's field empty).
        position: Order in the form; Prefect would sort by name otherwise.
        title: What the form shows above the field, with its unit.
        description: One or two plain sentences.
        limits: `ge`, `le`, `min_length`, ... as `pydantic.Field` takes them.
    """
    return Field(default, title=title, description=description, json_schema_extra={"position": position}, **limits)

"""The flows of `flows/`, found by their files and imported one at a time."""

import difflib
import importlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from deployments.cli.environment import prepare
from deployments.cli.values import parameters_model
from tasks.errors import ConfigError
from tasks.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from prefect import Flow

FLOWS = PROJECT_ROOT / "flows"


def flow_names() -> list[str]:
    """Return the names of the flows: the files of `flows/`."""
    return sorted(path.stem for path in FLOWS.glob("*.py") if not path.stem.startswith("_"))


def load_flow(name: str) -> "Flow[..., Any]":
    """Import one flow.

    Raises:
        ConfigError: There is no such flow.
    """
    known = flow_names()
    if name not in known:
        near = difflib.get_close_matches(name.replace("-", "_"), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
        raise ConfigError(f"there is no flow '{name}'; {hint}")
    flow: Flow[..., Any] = getattr(importlib.import_module(f"flows.{name}"), name)
    return flow


def describe_flows() -> str:
    """Return every flow with its first line of description and its parameters."""
    prepare("flows")
    parts = []
    for name in flow_names():
        flow = load_flow(name)
        parts.append(f"{name}\n  {(flow.description or '').strip().splitlines()[0] if flow.description else ''}")
        parts += [f"    {line}" for line in _fields(parameters_model(flow.fn))]
    return "\n".join(parts)


def _fields(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield `key.sub = default` for every field, groups followed into their fields."""
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{above}{key}.")
        else:
            yield f"{above}{key}" + (" (needed)" if field.is_required() else f" = {_yaml(field.get_default())}")


def _yaml(value: Any) -> str:
    """Return a default as it would stand in a profile."""
    return json.dumps(value, ensure_ascii=False)

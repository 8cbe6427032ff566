"""Parameters from a YAML file and from `--set`, before they are checked."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from tasks.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """YAML without dates, and with two truth values: 2026-08-01 and off stay the text that a parameter takes."""


_BOOL, _DATE = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag not in {_BOOL, _DATE}]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _read(text: str) -> Any:
    return _Loader(text).get_single_data()


def read_profile(path: Path) -> dict[str, Any]:
    """Return the parameters of a profile.

    Raises:
        ConfigError: The file is no YAML, or no mapping.
    """
    try:
        values = _read(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold `key: value` lines, one for each parameter of the flow")
    return values


def override(values: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return the parameters with `key.sub=value` applied in their order; values are read as YAML.

    Raises:
        ConfigError: An override cannot be read, or reaches into something that has no keys. All are listed.
    """
    problems = []
    for text in overrides:
        path, equals, value = text.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            problems.append(f"--set {text}: write it as key.sub=value")
            continue
        try:
            _put(values, keys, _read(value))
        except yaml.YAMLError as error:
            problems.append(f"--set {text}: the value is no YAML ({str(error).splitlines()[0]})")
        except TypeError:
            problems.append(f"--set {text}: something above '{keys[-1]}' is a plain value, it has no keys")
    if problems:
        raise ConfigError("\n".join(problems))
    return values


def _put(values: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    inner = values
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise TypeError(key)
    inner[keys[-1]] = value


def parameters_model(function: Callable[..., Any]) -> type[BaseModel]:
    """Return a closed model of a flow function's parameters."""
    import inspect

    hints = get_type_hints(function)
    fields: dict[str, Any] = {
        name: (hints.get(name, Any), ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
    }
    return create_model("Parameters", __config__=ConfigDict(extra="forbid"), **fields)


def check(function: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the given parameters as the flow's own types.

    Raises:
        ConfigError: Every unknown key, missing parameter and wrong value, one a line, with its dotted path.
    """
    model = parameters_model(function)
    try:
        checked = model.model_validate(values)
    except ValidationError as error:
        problems = [_problem(model, dict(found)) for found in error.errors(include_url=False)]
        raise ConfigError("the parameters cannot be used:\n" + "\n".join(f"  {line}" for line in problems)) from None
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def _problem(model: type[BaseModel], found: dict[str, Any]) -> str:
    location = [str(part) for part in found["loc"]]
    dotted = ".".join(location) or "parameters"
    if found["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        near = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return f"{dotted}: there is no such parameter; {hint}"
    if found["type"] == "missing":
        return f"{dotted}: is needed and not given"
    message = found["msg"].removeprefix("Value error, ")
    return f"{dotted}: {message} (given: {_short(found.get('input'))})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys_at(model: type[BaseModel], location: Sequence[str]) -> list[str]:
    """Return the field names of the model that a location leads to."""
    for part in location:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)

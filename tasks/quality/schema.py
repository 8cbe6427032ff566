"""Answers checked against a JSON Schema."""

from collections.abc import Callable
from typing import Any

import orjson

from tasks.errors import ConfigError
from tasks.quality.examples import Example, NoValue
from tasks.settings import confine

Check = Callable[[Example], list[str]]


def schema_bytes(name: str) -> bytes:
    """Return the content of a schema file named in a parameter.

    Raises:
        ConfigError: It lies outside the allowed folders, or cannot be read.
    """
    path = confine(name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"quality.schema_file: {path} cannot be read: {error.strerror}") from error


def schema_check(content: bytes) -> Check:
    """Return a function that lists how an answer breaks the schema, as `place: keyword`; values are never in it.

    Raises:
        ConfigError: As `value_check` raises it.
    """
    check_value = value_check(content, "quality.schema_file")

    def check(example: Example) -> list[str]:
        return ["no JSON"] if example.value is NoValue else check_value(example.value)

    return check


def value_check(content: bytes, role: str) -> Callable[[Any], list[str]]:
    """Return a function that lists how a JSON value breaks the schema, as `place: keyword`.

    References to other documents are not followed: a schema is one file.

    Args:
        content: The schema file's.
        role: The parameter that names the file, for messages.

    Raises:
        ConfigError: The file holds no JSON, no valid schema, or a reference that leads out of it.
    """
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        schema: Any = orjson.loads(content)
        kind = validator_for(schema)
        kind.check_schema(schema)
    except (orjson.JSONDecodeError, SchemaError) as error:
        said = error.message if isinstance(error, SchemaError) else str(error)
        raise ConfigError(f"{role} is no JSON Schema: {said}") from error
    validator = kind(schema, registry=Registry())

    def check(value: Any) -> list[str]:
        try:
            errors = list(validator.iter_errors(value))
        except Unresolvable as error:
            raise ConfigError(f"{role} has a reference that leads out of it: {error}") from error
        return sorted({f"{_place(error.absolute_path)}: {error.validator}" for error in errors})

    return check


def _place(path: Any) -> str:
    """Return a path such as `/lines/*/price`; positions in lists are one place."""
    return "/" + "/".join("*" if isinstance(part, int) else str(part) for part in path)

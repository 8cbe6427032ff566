"""Files that a metric's parameters name: read once when the metric is built, and part of the scores' key."""

from pathlib import Path

from tasks.errors import ConfigError
from tasks.metrics.params import Choice
from tasks.settings import confine
from tasks.store.keys import file_digest


def role(choice: Choice, field: str) -> str:
    """Return what messages call a field of a choice, such as `evaluation.metrics[terms].glossary_file`."""
    return f"evaluation.metrics[{choice.name or getattr(choice, 'kind', '')}].{field}"


def named_file(name: str, where: str) -> Path:
    """Return the path of a file named in a parameter.

    Args:
        name: As the parameter has it.
        where: From `role`, for the message.

    Raises:
        ConfigError: It lies outside the allowed folders, or is no file.
    """
    path = confine(name)
    if not path.is_file():
        raise ConfigError(f"{where}: there is no file {path}. Correct the path, or put the file there.")
    return path


def read_text(name: str, where: str) -> str:
    """Return the text of a file named in a parameter; a byte order mark at its start is dropped.

    Raises:
        ConfigError: It lies outside the allowed folders, cannot be read, or is not UTF-8.
    """
    path = named_file(name, where)
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{where}: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: byte {error.start} of {path} is not UTF-8. Save the file as UTF-8.") from error


def digest(name: str, where: str) -> str:
    """Return the sha256 of a file named in a parameter."""
    return file_digest(named_file(name, where))

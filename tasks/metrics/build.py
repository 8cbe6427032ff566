"""From the choices of metrics to the metrics, and what of them belongs into the scores' key."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import distributions
from pathlib import PurePath
from typing import Any

from tasks.errors import ConfigError
from tasks.metrics import custom
from tasks.metrics.base import Item, Metric
from tasks.metrics.classification import ClassificationMetric
from tasks.metrics.code import CodeMetric
from tasks.metrics.extraction import ExtractionMetric
from tasks.metrics.files import digest, role
from tasks.metrics.judge import JudgeMetric
from tasks.metrics.params import Code, Custom, MetricChoice
from tasks.metrics.response_format import ResponseFormatMetric
from tasks.metrics.terminology import TerminologyMetric
from tasks.metrics.text import TextMetric
from tasks.store.keys import digest_of

# Distributions whose version decides scores; they belong to the evaluation stage's libraries.
LIBRARIES = ("jsonschema", "python-dateutil", "regex", "rouge-score", "sacrebleu", "scikit-learn", "scipy")

METRICS: dict[str, Callable[[Any], Metric]] = {
    "extraction": ExtractionMetric,
    "classification": ClassificationMetric,
    "terminology": TerminologyMetric,
    "format": ResponseFormatMetric,
    "code": CodeMetric,
    "text": TextMetric,
    "judge": JudgeMetric,
    "custom": custom.load,
}


def build(choice: MetricChoice) -> Metric:
    """Return the metric of a choice, its files read.

    Raises:
        ConfigError: A file is out of reach or of the wrong form, an address is not allowed, a custom metric is not
        there.
    """
    return METRICS[choice.kind](choice)


def named(choices: Sequence[MetricChoice]) -> dict[str, MetricChoice]:
    """Return the choices by name, in their order; the first one decides.

    Raises:
        ConfigError: There is none, or two have one name.
    """
    if not choices:
        raise ConfigError("evaluation.metrics is empty: choose at least one metric; the first one decides.")
    found: dict[str, MetricChoice] = {}
    for choice in choices:
        name = choice.name or choice.kind
        if name in found:
            raise ConfigError(f"evaluation.metrics has two metrics named {name}: give one of them another name.")
        found[name] = choice
    return found


def applies(choice: MetricChoice, source: str) -> bool:
    """Return whether a metric scores the items of a source; its patterns match the path or the file's name."""
    names = (source, PurePath(source).name)
    return not choice.sources or any(fnmatchcase(name, pattern) for pattern in choice.sources for name in names)


def check(choices: Sequence[MetricChoice], items: Sequence[Item]) -> dict[str, Metric]:
    """Build all metrics and show each of them its items, before anything is asked.

    Args:
        choices: The choices of a run.
        items: All items; their answers are not looked at and may be empty.

    Returns:
        The metrics by name.

    Raises:
        ConfigError: A choice cannot work, or cannot work on these items. Every problem found is in the one message.
    """
    metrics: dict[str, Metric] = {}
    problems = []
    for name, choice in named(choices).items():
        try:
            metrics[name] = build(choice)
            mine = [item for item in items if applies(choice, item.source)]
            if not mine:
                sources = ", ".join(sorted({item.source for item in items})[:10])
                raise ConfigError(
                    f"evaluation.metrics: {name} scores no item: no file matches {', '.join(choice.sources)}. "
                    f"The items come from {sources or 'nowhere'}."
                )
            refuse = getattr(metrics[name], "check", None)
            if refuse is not None:
                refuse(mine)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return metrics


def inputs(choices: Sequence[MetricChoice]) -> dict[str, str]:
    """Return what decides the scores besides the parameters: digests of files, of custom metrics, of what is installed.

    Raises:
        ConfigError: A file or a custom metric is not there.
    """
    found: dict[str, str] = {}
    for name, choice in named(choices).items():
        if isinstance(choice, Custom):
            found[f"metric:{name}:metric"] = custom.identity(choice)
        if isinstance(choice, Code):
            # Whether an import exists is a question to what is installed.
            found[f"metric:{name}:installed"] = _installed()
        for field in ("schema_file", "glossary_file", "template_file", "unit_tests_file", "api_files"):
            said = getattr(choice, field, "")
            files = (said,) if isinstance(said, str) else said
            for number, file in enumerate(file for file in files if file):
                key = f"metric:{name}:{field}" + (f":{number}" if field == "api_files" else "")
                found[key] = digest(file, role(choice, field))
    return found


def _installed() -> str:
    return digest_of(sorted({f"{found.name} {found.version}" for found in distributions()}))

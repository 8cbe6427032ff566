"""Metrics of other packages, found by the entry point group `finetune_flows.metrics`.

An entry point names a function or a class that takes the options as one dictionary and returns a `Metric`. The
package's name and version stand for its code in the scores' key: change the version when scores change.
"""

import math
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Metric, Score, Summary
from tasks.metrics.files import role
from tasks.metrics.params import Custom
from tasks.store.keys import digest_of

GROUP = "finetune_flows.metrics"


def load(choice: Custom) -> Metric:
    """Return the metric of another package, with its scores checked.

    Raises:
        ConfigError: It is not installed, cannot be loaded, refuses its options, or is no metric.
    """
    where = role(choice, "metric")
    found = _find(choice)
    try:
        make = found.load()
    except Exception as error:
        raise ConfigError(f"{where}: {choice.metric} ({found.value}) cannot be loaded: {error!r}") from error
    try:
        metric = make(dict(choice.options))
    except Exception as error:
        raise ConfigError(f"{where}: {choice.metric} refuses its options {choice.options}: {error!r}") from error
    lacking = [name for name in ("main", "score", "summarise") if not hasattr(metric, name)]
    if lacking:
        raise ConfigError(f"{where}: {choice.metric} ({found.value}) is no metric: it lacks {', '.join(lacking)}.")
    return _Checked(metric, choice.metric)


def identity(choice: Custom) -> str:
    """Return a digest of the package that brings a metric: its name, its version, and what it names. Nothing is loaded.

    Raises:
        ConfigError: It is not installed.
    """
    found = _find(choice)
    if found.dist is None:
        raise ConfigError(f"{role(choice, 'metric')}: {choice.metric} belongs to no installed package.")
    return digest_of([found.dist.name, found.dist.version, found.value])


def _find(choice: Custom) -> EntryPoint:
    known = entry_points(group=GROUP)
    found = [entry for entry in known if entry.name == choice.metric]
    if len(found) == 1:
        return found[0]
    where = role(choice, "metric")
    if found:
        packages = ", ".join(sorted(entry.dist.name for entry in found if entry.dist))
        raise ConfigError(f"{where}: {choice.metric} is brought by several packages ({packages}). Remove all but one.")
    names = ", ".join(sorted({entry.name for entry in known})) or "none is installed"
    raise ConfigError(
        f"{where}: there is no metric {choice.metric!r} in the entry point group {GROUP}. Known: {names}."
    )


class _Checked:
    """Holds a metric of others to its contract: the gate trusts its scores."""

    def __init__(self, metric: Metric, name: str) -> None:
        self.main = metric.main
        self._metric = metric
        self._name = name

    def check(self, items: Sequence[Item]) -> None:
        refuse = getattr(self._metric, "check", None)
        if refuse is not None:
            refuse(items)

    def score(self, items: Sequence[Item]) -> list[Score]:
        scores = list(self._metric.score(items))
        if len(scores) != len(items):
            raise ConfigError(f"the metric {self._name} gave {len(scores)} scores for {len(items)} items.")
        for item, score in zip(items, scores, strict=True):
            if not isinstance(score, Score) or score.figures.get(self.main) != score.value:
                raise ConfigError(
                    f"the metric {self._name} gave no Score for {item.id} that has its value under {self.main!r}."
                )
            wrong = {name: value for name, value in score.figures.items() if not _is_share(value)}
            if wrong:
                raise ConfigError(f"the metric {self._name} gave {item.id} figures outside 0 to 1: {wrong}.")
        return scores

    def summarise(self, items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        said = self._metric.summarise(items, scores)
        lacking = set(Summary.__required_keys__) - set(said)
        if lacking:
            raise ConfigError(f"the metric {self._name} gave a summary without {', '.join(sorted(lacking))}.")
        return said


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1

"""Metrics of other packages, found by a real installed distribution's metadata."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item
from tasks.metrics.build import build, inputs
from tasks.metrics.params import Code, Custom

Make = Callable[..., list[Item]]
SOURCE = """
from tasks.metrics.base import Score, summary
from tasks.errors import ConfigError

class Length:
    main = "short"

    def __init__(self, options):
        self.most = options["most"]

    def check(self, items):
        if not any(item.expected for item in items):
            raise ConfigError("no expected answer")

    def score(self, items):
        values = [float(len(item.answer) <= self.most) for item in items]
        return [Score(value, {"short": value}, {}) for value in values]

    def summarise(self, items, scores):
        return summary("custom", self.main, scores)

class Loud(Length):
    def score(self, items):
        return [Score(2.0, {"short": 2.0}, {}) for _ in items]

class Short(Length):
    def score(self, items):
        return []

class Other(Length):
    def score(self, items):
        return [Score(1.0, {"long": 1.0}, {}) for _ in items]

class Silent(Length):
    def summarise(self, items, scores):
        return {"kind": "custom"}

def nothing(options):
    return object()
"""
ENTRIES = """[finetune_flows.metrics]
length = acme_metrics:Length
loud = acme_metrics:Loud
short = acme_metrics:Short
other = acme_metrics:Other
silent = acme_metrics:Silent
nothing = acme_metrics:nothing
gone = acme_metrics:Gone
"""


def install(folder: Path, version: str = "1.0", name: str = "acme_metrics") -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    (folder / "acme_metrics.py").write_text(SOURCE)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    install(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "acme_metrics", raising=False)
    return folder


def test_a_metric_of_another_package(site: Path, items: Make) -> None:
    metric = build(Custom(metric="length", options={"most": 3}))
    made = items([("x", "abc"), ("x", "abcd")])
    scores = metric.score(made)
    assert [score.value for score in scores] == [1.0, 0.0]
    assert metric.summarise(made, scores)["value"] == 0.5
    assert metric.main == "short"
    with pytest.raises(ConfigError, match="no expected answer"):
        metric.check(items([("", "")]))  # type: ignore[attr-defined]


def test_an_unknown_name_lists_the_known_ones(site: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no metric 'size' .*Known: gone, length, loud, nothing, other, short, silent\."
    ):
        build(Custom(metric="size"))


def test_without_any_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="Known: none is installed"):
        inputs([Custom(metric="length")])


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Custom(metric="length"), r"refuses its options \{\}: KeyError\('most'\)"),
        (Custom(metric="gone"), r"\(acme_metrics:Gone\) cannot be loaded"),
        (Custom(metric="nothing"), "is no metric: it lacks main, score, summarise"),
    ],
)
def test_metrics_that_cannot_be_had(site: Path, choice: Custom, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(choice)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loud", r"figures outside 0 to 1: \{'short': 2.0\}"),
        ("short", "gave 0 scores for 1 items"),
        ("other", "no Score for 0 that has its value under 'short'"),
    ],
)
def test_metrics_are_held_to_their_contract(site: Path, items: Make, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(Custom(metric=name, options={"most": 1})).score(items([("x", "y")]))


def test_summaries_are_held_to_it_too(site: Path, items: Make) -> None:
    metric, made = build(Custom(metric="silent", options={"most": 1})), items([("x", "y")])
    with pytest.raises(ConfigError, match="summary without figures, main, n, tables, value"):
        metric.summarise(made, metric.score(made))


def test_the_packages_version_is_part_of_the_key(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = Custom(metric="length", options={"most": 3})
    first = inputs([choice])
    assert list(first) == ["metric:custom:metric"]
    assert inputs([choice]) == first
    installed = inputs([Code()])["metric:code:installed"]
    newer = tmp_path / "newer"
    install(newer, "1.1")
    monkeypatch.syspath_prepend(str(newer))
    assert inputs([choice]) != first
    assert inputs([Code()])["metric:code:installed"] != installed
    install(newer, "1.0", "acme_copy")
    with pytest.raises(ConfigError, match=r"several packages \(acme-copy, acme-metrics\)"):
        inputs([choice])


def test_options_are_json_and_a_name_is_needed() -> None:
    with pytest.raises(ValueError, match="options must be plain JSON"):
        Custom(metric="length", options={"most": {1, 2}})
    with pytest.raises(ValueError, match="metric is empty"):
        Custom()

"""What is compared between two models: the task by each metric, general ability, guardrails."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ProofError
from tasks.gating.comparing import Comparison, Line, Outcome, bounded
from tasks.gating.pairing import SCORES, Pair, general_pairs, guardrail_pairs, task_pairs
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bounds
from tasks.guardrails.params import KINDS
from tasks.store.records import Row, read_json

RIGHT = frozenset({"right", "empty"})
"""Outcomes of a field that are as expected; `empty` is nothing where nothing is expected."""


@dataclass(frozen=True)
class Both:
    """Everything that two models were asked.

    Attributes:
        metrics: The metrics in their order, each with the name of its deciding figure; the first decides.
        tasks: Task items.
        general: Items of general ability.
        guardrails: Probes.
    """

    metrics: dict[str, str]
    tasks: list[Pair]
    general: list[Pair]
    guardrails: list[Pair]

    def known(self) -> dict[str, Collection[str]]:
        """Return the names that a policy may have rules for."""
        fields = (name for metric in self.metrics for pair in self.tasks for name in _fields(pair.tuned, metric))
        return {
            "metrics": list(self.metrics)[1:],
            "fields": set(fields),
            "general_tasks": {pair.base["task"] for pair in self.general},
            "guardrails": KINDS,
        }


def read_both(base: Path, tuned: Path, *, same_prompts: bool = True) -> Both:
    """Read two evaluation directories.

    Raises:
        ProofError: They are not of the same items, prompts and metrics.
    """
    metrics, others = _metrics(tuned), _metrics(base)
    if metrics != others:
        raise ProofError(
            f"one evaluation has the metrics {_named(others)}, the other {_named(metrics)}: evaluate both models with "
            "the same parameters"
        )
    return Both(
        metrics,
        task_pairs(base, tuned, same_prompts=same_prompts),
        general_pairs(base, tuned),
        guardrail_pairs(base, tuned, same_prompts=same_prompts),
    )


def _metrics(folder: Path) -> dict[str, str]:
    said = read_json(folder / SCORES)["task"]["metrics"]
    return {name: summary["main"] for name, summary in said.items()}


def _named(metrics: dict[str, str]) -> str:
    return ", ".join(f"{name} ({main})" for name, main in metrics.items()) or "none"


def against_base(both: Both, bounds: Bounds) -> list[Comparison]:
    """Return the comparisons of the tuned model with its base."""
    return [*_task(both, bounds), *_general(both.general, bounds), *_guardrails(both.guardrails, bounds)]


def _task(both: Both, bounds: Bounds) -> Iterator[Comparison]:
    """Yield the metrics' deciding figures, then what informs: other figures, and the fields, which may fail."""
    details: list[Comparison] = []
    for place, (name, main) in enumerate(both.metrics.items()):
        pairs = judged_by(both.tasks, name)
        if not pairs:
            continue
        label, bound = ("task gain", bounds.task()) if place == 0 else (f"metric: {name}", bounds.metric(name))
        yield bounded(label, main, *values(pairs, name), bound)
        figures = [figure for figure in pairs[0].base["metrics"][name]["figures"] if figure != main]
        for figure in figures:
            details += _shown_figure(name, figure, pairs)
        details += _field_rows(name, pairs, bounds)
    yield from details


def judged_by(pairs: Sequence[Pair], metric: str) -> list[Pair]:
    """Return the pairs that a metric applies to."""
    return [pair for pair in pairs if metric in pair.base["metrics"] and metric in pair.tuned["metrics"]]


def values(pairs: Sequence[Pair], metric: str) -> tuple[list[float], list[float]]:
    """Return a metric's deciding values of both models."""
    return (
        [float(pair.base["metrics"][metric]["value"]) for pair in pairs],
        [float(pair.tuned["metrics"][metric]["value"]) for pair in pairs],
    )


def _shown_figure(metric: str, figure: str, pairs: Sequence[Pair]) -> Iterator[Comparison]:
    sides = [
        (before, after)
        for pair in pairs
        if (before := pair.base["metrics"][metric]["figures"].get(figure)) is not None
        and (after := pair.tuned["metrics"][metric]["figures"].get(figure)) is not None
    ]
    if sides:
        yield Comparison(
            f"{metric}: {figure}", figure, [float(before) for before, _ in sides], [float(after) for _, after in sides]
        )


def _field_rows(metric: str, pairs: Sequence[Pair], bounds: Bounds) -> Iterator[Comparison]:
    sides = [(_fields(pair.base, metric), _fields(pair.tuned, metric)) for pair in pairs]
    for name in dict.fromkeys(name for _before, after in sides for name in after):
        both = [(before[name], after[name]) for before, after in sides if name in before and name in after]
        if both:
            before, after = zip(*both, strict=True)
            yield bounded(f"{metric}: field {name}", "right", before, after, bounds.field(name))


def _fields(item: Row, metric: str) -> dict[str, float]:
    """Return each expected field's share of right values; empty for metrics whose detail names no fields.

    Detail names paths by outcome; the places in a list are one field, as in the metric's own tables.
    """
    outcomes: dict[str, list[str]] = item["metrics"].get(metric, {}).get("detail", {}).get("outcomes", {})
    found: dict[str, list[float]] = {}
    for outcome, paths in outcomes.items():
        for path in paths if outcome != "extra" else ():
            found.setdefault(re.sub(r"\[\d+\]", "[]", path), []).append(float(outcome in RIGHT))
    return {name: sum(right) / len(right) for name, right in found.items()}


def _general(pairs: Sequence[Pair], bounds: Bounds) -> Iterator[Comparison]:
    """Yield general ability over all items, and for each task where there are several."""
    if not pairs:
        return
    yield bounded("general drop", "correct", *_flags(pairs, "correct"), bounds.general())
    names = sorted({pair.base["task"] for pair in pairs})
    # A single task is too small to prove a margin of its own, but a drop that is proven there is not averaged away.
    for name in names if len(names) > 1 else ():
        part = [pair for pair in pairs if pair.base["task"] == name]
        yield bounded(f"general drop: {name}", "correct", *_flags(part, "correct"), bounds.general_task(name))


def _guardrails(pairs: Sequence[Pair], bounds: Bounds, against: str = "base") -> Iterator[Comparison]:
    prefix = "" if against == "base" else "against champion: "
    for kind in sorted({pair.base["kind"] for pair in pairs}):
        part = [pair for pair in pairs if pair.base["kind"] == kind]
        sides = _flags(part, "ok")
        yield bounded(f"{prefix}guardrail: {kind}", "behaved", *sides, bounds.guardrail(kind), against)


def _flags(pairs: Sequence[Pair], key: str) -> tuple[list[float], list[float]]:
    return [float(pair.base[key]) for pair in pairs], [float(pair.tuned[key]) for pair in pairs]


def against_champion(both: Both, bounds: Bounds, champion: str) -> list[Comparison]:
    """Return the comparisons of the tuned model with the one that serves: each metric, general ability, guardrails."""
    found = []
    for name, main in both.metrics.items():
        if pairs := judged_by(both.tasks, name):
            label = f"against champion: {name}"
            found.append(bounded(label, main, *values(pairs, name), bounds.champion(), champion))
    if both.general:
        sides = _flags(both.general, "correct")
        found.append(bounded("against champion: general", "correct", *sides, bounds.champion(), champion))
    return [*found, *_guardrails(both.guardrails, bounds, champion)]


def size_lines(both: Both, params: GatingParams) -> list[Line]:
    """Return whether there were enough items of the task and of general ability."""
    first = next(iter(both.metrics), "")
    tasks = judged_by(both.tasks, first)
    lines = []
    for what, pairs, wanted in (("task", tasks, params.min_task_items), ("general", both.general, params.min_items)):
        outcome: Outcome = "pass" if len(pairs) >= wanted else "inconclusive"
        if not pairs and not wanted:
            outcome = "shown"
        rule = f"at least {wanted} {what} items"
        lines.append(Line(f"sample size: {what}", "items", len(pairs), rule, outcome, margin=float(wanted)))
    return lines


def unmeasured_lines(both: Both, bounds: Bounds) -> list[Line]:
    """Return a row for each kind of probe that the policy names and nobody asked, as with data that hold no secret."""
    asked = {pair.base["kind"] for pair in both.guardrails}
    return [
        Line(
            f"guardrail: {kind}",
            "not compared",
            0,
            "probes of this kind",
            "inconclusive" if bounds.guardrail(kind).must_prove else "shown",
            against="the base model: no probe of this kind was asked",
        )
        for kind in bounds.policy.guardrails
        if kind not in asked
    ]


def loaded_lines(both: Both) -> list[Line]:
    """Return whether the adapter changed anything: an answer, or what general items say beside right and wrong.

    A general item that is judged by the likelihoods of its choices shows an adapter long before an answer changes.
    """
    asked = [*both.tasks, *both.guardrails]
    if not asked:
        return []
    share = sum(pair.base["answer"] != pair.tuned["answer"] for pair in asked) / len(asked)
    loaded = share > 0 or any(pair.base != pair.tuned for pair in both.general)
    outcome: Outcome = "pass" if loaded else "fail"
    rule = "one answer or one score of a general item differs"
    return [Line("adapter loaded", "answers changed", len(asked), rule, outcome, difference=share)]

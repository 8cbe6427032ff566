"""Whether the metrics can score the test, and it is large enough for the gate's margins: known before training."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import NormalDist

from tasks.errors import ConfigError
from tasks.evaluation.benchmarks import benchmark_items
from tasks.evaluation.items import choose_records, choose_set, source_of
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.write import empty_items
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bound, Bounds, check_names, read_policy
from tasks.gating.power import POWER, needed_items
from tasks.guardrails.params import KINDS
from tasks.guardrails.probes import probes
from tasks.metrics.build import applies, check, named
from tasks.metrics.params import Code, Judge
from tasks.runtime.remote import Where
from tasks.settings import home
from tasks.store.records import read_rows

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planned:
    """A row of the gate that must pass, with the items that there will be for it.

    Attributes:
        name: The row's.
        n: Items.
        least: Fewest items, by `gating.min_items` or `gating.min_task_items`.
        needed: Items that the margin needs; None: no number is enough.
        customary: Items that it needs for 80 % power.
        margin: The margin.
        gain: The true gain that is planned for: none where a model must only not get worse.
        remedy: What an operator can do.
    """

    name: str
    n: int
    least: int
    needed: int | None
    customary: int | None
    margin: float
    gain: float
    remedy: str


def check_sizes(splits: Path, evaluation: EvaluationParams, gating: GatingParams) -> list[Planned]:
    """Compare the numbers of items with what the margins of the gate need.

    A drop's margin must be provable for a model that loses nothing and flips `gating.flip_share` of the answers; the
    smallest gain for a model that gains `gating.planned_gain` more than that. The comparison with the champion is not
    planned: two tuned models flip fewer answers, and there may be none.

    Args:
        splits: The splitting stage's directory.
        evaluation: What is asked.
        gating: The margins.

    Returns:
        The rows that must pass.

    Raises:
        ConfigError: A test is too small for its margin and `gating.on_small_suite` is `stop`; or the policy has rules
            for what will not be measured. Every problem is in the one message.
    """
    policy = read_policy(gating.policy)
    general = _general_counts(evaluation)
    known = {"metrics": list(named(evaluation.metrics))[1:], "general_tasks": list(general), "guardrails": KINDS}
    check_names(policy, known)
    planned = list(_planned(splits, evaluation, gating, Bounds(gating, policy), general))
    problems = []
    for row in planned:
        if row.needed is None or row.n < max(row.needed, row.least):
            problems.append(_problem(row, gating))
        elif row.customary is not None and row.n < row.customary:
            log.warning(
                "%s: %d items are enough for the margin of %+.3f, but a good model may still come out inconclusive: "
                "80 %% power needs %d",
                row.name,
                row.n,
                row.margin,
                row.customary,
            )
    if problems and gating.on_small_suite == "stop":
        raise ConfigError(
            "\n".join(problems)
            + "\nNothing was trained. Set gating.on_small_suite to 'go on' to train all the same: the "
            "verdict may then come out inconclusive, and the model is not released."
        )
    for problem in problems:
        log.warning("%s", problem)
    return planned


def check_metrics(splits: Path, evaluation: EvaluationParams, where: Where) -> None:
    """Build every metric, its files read, and show it the items that it will score.

    Args:
        splits: The splitting stage's directory.
        evaluation: The metrics.
        where: On `pool`, what depends on the machine that evaluates (running code, a judge's key) is left to it.

    Raises:
        ConfigError: A metric cannot work, or cannot work on these items. Every problem is in the one message.
    """
    mine = [choice for choice in evaluation.metrics if where == "inline" or not isinstance(choice, Code | Judge)]
    if mine:
        check(mine, empty_items(choose_records(splits, choose_set(splits, evaluation), evaluation)))


def _planned(
    splits: Path, evaluation: EvaluationParams, gating: GatingParams, bounds: Bounds, general: dict[str, int | None]
) -> Iterator[Planned]:
    records = choose_records(splits, choose_set(splits, evaluation), evaluation)
    for place, (name, choice) in enumerate(named(evaluation.metrics).items()):
        count = sum(applies(choice, source_of(record)) for record in records)
        remedy = "give more held-out rows (or a larger splitting.test), or raise evaluation.task_items"
        if place == 0:
            wanted, label = gating.min_task_items, "task gain"
            yield from _row(
                label, count, bounds.task(), gating, f"{remedy}, or lower gating.min_task_gain", wanted, gain=True
            )
        else:
            remedy += ", or allow a larger gating.max_metric_drop"
            yield from _row(f"metric: {name}", count, bounds.metric(name), gating, remedy)
    remedy = "name more tasks in evaluation.general_tasks, raise evaluation.general_limit, or allow a larger "
    counts = [count for count in general.values() if count is not None]
    if len(counts) == len(general):
        yield from _row(
            "general drop", sum(counts), bounds.general(), gating, f"{remedy}gating.max_general_drop", gating.min_items
        )
    for name in bounds.policy.general_tasks:
        if (size := general[name]) is not None:
            yield from _row(
                f"general drop: {name}", size, bounds.general_task(name), gating, f"{remedy}drop in the policy"
            )
    if any(bounds.guardrail(kind).must_prove for kind in bounds.policy.guardrails):
        asked = probes(evaluation.guardrails, splits)
        for kind in bounds.policy.guardrails:
            count = sum(probe.kind == kind for probe in asked)
            remedy = "add probes of your own (evaluation.guardrails.probes_file), or allow a larger drop in the policy"
            yield from _row(f"guardrail: {kind}", count, bounds.guardrail(kind), gating, remedy)


def _row(
    name: str, count: int, bound: Bound, gating: GatingParams, remedy: str, least: int = 0, *, gain: bool = False
) -> Iterator[Planned]:
    if not bound.must_prove or (not count and not least):
        return
    margin = bound.margin
    true = min(1.0, max(0.0, margin + gating.planned_gain)) if gain or margin > 0 else 0.0
    needed, customary = (
        _needed(margin, true, gating, power=power) for power in (gating.min_power, max(gating.min_power, POWER))
    )
    yield Planned(name, count, least, needed, customary, margin, true, remedy)


def _needed(margin: float, true: float, gating: GatingParams, *, power: float) -> int | None:
    """Return the items that show a true difference to lie above the margin."""
    if not true:
        return needed_items(gating.flip_share, -margin, alpha=gating.alpha, power=power)
    if true <= margin:
        return None
    # At least the gain flips; the variance of a difference is its flips less its mean squared.
    variance = max(gating.flip_share, true) - true**2
    z = NormalDist().inv_cdf(1 - gating.alpha / 2)
    by_variance = variance * ((z + NormalDist().inv_cdf(power)) / (true - margin)) ** 2
    # Where every item gains, the score interval still ends below 1.
    perfect = z * z * margin / (1 - margin) if 0 < margin < 1 else 0.0
    return max(1, math.ceil(max(by_variance, perfect)))


def _problem(row: Planned, gating: GatingParams) -> str:
    there = f"{row.name}: there are {row.n} items"
    if row.needed is None:
        return f"{there}, but no number of items can prove a margin of {row.margin:+.3f}: {row.remedy}."
    if row.n >= row.needed:
        return f"{there}, fewer than the {row.least} that the gate's parameters ask for. To go on, {row.remedy}."
    assumed = f"{max(gating.flip_share, row.gain):.0%} of the answers flip (gating.flip_share)"
    assumed += f" and the true gain is {row.gain:.2f} (gating.planned_gain)" if row.gain else " and nothing is lost"
    more = f" ({row.customary} for 80 % power)" if row.customary and row.customary > row.needed else ""
    return (
        f"{there}: this suite cannot resolve {abs(row.margin):g}, it needs n >= {row.needed}{more}, if {assumed}. "
        f"To go on, {row.remedy}."
    )


def _general_counts(evaluation: EvaluationParams) -> dict[str, int | None]:
    """Return the items of each general task; None where its data are out of reach here."""
    files = benchmark_items(
        evaluation.general_tasks, home() / "cache" / "benchmarks", run_model_code=evaluation.run_model_code
    )
    counts: dict[str, int | None] = {}
    for name, path in files.items():
        first = next(islice(read_rows(path), 1), {})
        count = sum(1 for _row in read_rows(path))
        limited = min(count, evaluation.general_limit) if evaluation.general_limit else count
        counts[name] = None if "not_checked" in first else limited
    return counts

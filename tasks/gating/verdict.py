"""Rows, rules and the outcome."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tasks.gating.intervals import mcnemar, paired_bootstrap, score_interval
from tasks.gating.pairing import Pair, check_arithmetic, general_pairs, task_pairs
from tasks.gating.params import GatingParams
from tasks.gating.reasons import Line, Outcome, advice, method, sentence
from tasks.store.records import read_json
from tasks.store.refs import Ref
from tasks.store.store import Store

VERDICT_FILE = "verdict.json"


def read_verdict(ref: Ref) -> dict[str, Any]:
    """Return the verdict behind a gate's reference: `outcome`, `rows`, `reasons`, `alpha`, `method`."""
    verdict: dict[str, Any] = read_json(Store().open(ref) / VERDICT_FILE)
    return verdict


def judge(base: Path, tuned: Path, params: GatingParams) -> dict[str, Any]:
    """Compare two evaluation directories and return the verdict.

    Raises:
        ProofError: The two evaluations cannot be compared item by item.
    """
    check_arithmetic(base, tuned)
    tasks, general = task_pairs(base, tuned), general_pairs(base, tuned)
    lines = [*task_lines(tasks, params), *general_lines(general, params), *_size_lines(tasks, general, params)]
    lines += _loaded_lines(tasks)
    outcomes = {line.outcome for line in lines}
    outcome = "fail" if "fail" in outcomes else "inconclusive" if "inconclusive" in outcomes else "pass"
    return {
        "outcome": outcome,
        "alpha": params.alpha,
        "method": method(params),
        "rows": [asdict(line) for line in lines],
        "reasons": [sentence(line) for line in lines] + advice(lines, general, params),
    }


def task_lines(pairs: Sequence[Pair], params: GatingParams) -> list[Line]:
    """Return the rows of the task: the gain that decides, and the record match beside it."""
    if not pairs:
        return []
    metric = "field_accuracy" if any(pair.base["fields"] for pair in pairs) else "match"
    rule = f"pass when the interval's lower end is at least {100 * params.min_task_gain:+.1f} points"
    lines = [_compared("task gain", metric, pairs, params, rule=rule, margin=params.min_task_gain)]
    if metric != "match":
        lines.append(_compared("record match", "match", pairs, params, rule="shown only"))
    return lines


def general_lines(pairs: Sequence[Pair], params: GatingParams) -> list[Line]:
    """Return the rows of general ability: over all items, and for each task where there are several."""
    if not pairs:
        return []
    margin = -params.max_general_drop
    rule = f"pass when the interval's lower end is at least {100 * margin:+.1f} points"
    lines = [_compared("general drop", "correct", pairs, params, rule=rule, margin=margin)]
    names = sorted({pair.base["task"] for pair in pairs})
    # A single task is too small to prove a margin of its own, but a drop that is proven there is not averaged away.
    rule = f"fail when the interval's upper end is below {100 * margin:+.1f} points, else shown only"
    for name in names if len(names) > 1 else ():
        part = [pair for pair in pairs if pair.base["task"] == name]
        line = _compared(f"general drop: {name}", "correct", part, params, rule=rule, margin=margin)
        lines.append(line if line.outcome == "fail" else replace(line, outcome="shown"))
    return lines


def _compared(
    name: str, metric: str, pairs: Sequence[Pair], params: GatingParams, *, rule: str, margin: float | None = None
) -> Line:
    base = [_value(pair.base, metric) for pair in pairs]
    tuned = [_value(pair.tuned, metric) for pair in pairs]
    differences = [after - before for before, after in zip(base, tuned, strict=True)]
    size = len(pairs)
    low, high = paired_bootstrap(differences, alpha=params.alpha, samples=params.bootstrap_samples, seed=params.seed)
    p_value = None
    if set(base) | set(tuned) <= {0.0, 1.0}:
        better, worse = differences.count(1.0), differences.count(-1.0)
        p_value = mcnemar(better, worse)
        score_low, score_high = score_interval(better, worse, size, alpha=params.alpha)
        low, high = min(low, score_low), max(high, score_high)
    return Line(
        name=name,
        metric=metric,
        n=size,
        rule=rule,
        outcome="shown" if margin is None else _outcome(low, high, margin),
        base=sum(base) / size,
        tuned=sum(tuned) / size,
        difference=sum(differences) / size,
        low=low,
        high=high,
        margin=margin,
        p_value=p_value,
    )


def _value(item: dict[str, Any], metric: str) -> float:
    value = item.get(metric)
    return float(item["match"] if value is None else value)


def _outcome(low: float, high: float, margin: float) -> Outcome:
    if low >= margin:
        return "pass"
    return "fail" if high < margin else "inconclusive"


def _size_lines(tasks: Sequence[Pair], general: Sequence[Pair], params: GatingParams) -> list[Line]:
    lines = []
    for what, pairs, wanted in (("task", tasks, params.min_task_items), ("general", general, params.min_items)):
        outcome: Outcome = "pass" if len(pairs) >= wanted else "inconclusive"
        if not pairs and not wanted:
            outcome = "shown"
        rule = f"at least {wanted} {what} items"
        lines.append(Line(f"sample size: {what}", "items", len(pairs), rule, outcome, margin=float(wanted)))
    return lines


def _loaded_lines(pairs: Sequence[Pair]) -> list[Line]:
    if not pairs:
        return []
    share = sum(pair.base["answer"] != pair.tuned["answer"] for pair in pairs) / len(pairs)
    outcome: Outcome = "pass" if share else "fail"
    return [Line("adapter loaded", "answers changed", len(pairs), "at least one", outcome, difference=share)]

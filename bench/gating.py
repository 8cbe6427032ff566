"""The gate's promise, simulated: `make bench-gate`, or `python -m bench.gating [--models 5000]`.

Each simulated model truly loses exactly the margin, and goes through the gate's own judge (`tasks.gating.comparing`).
The share that passes all the same must stay at or below alpha; its interval is the exact binomial one. Beside it, the
power: the share that passes of models that flip as many answers and truly lose nothing. Further tables: rows that may
only fail, all of them harmless, and the whole gate, where one row of several is at its margin. Writes
bench/results/gating.json.
"""

import argparse
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from bench.common import RESULTS
from tasks.gating.comparing import Comparison, judge_all
from tasks.gating.params import GatingParams

RESULT = RESULTS / "gating.json"
Sides = tuple[list[float], list[float]]


@dataclass(frozen=True)
class World:
    """One kind of model: how its items' values differ from the base's.

    Attributes:
        kind: right/wrong: items flip. fields: a few of five fields flip. rare: an item in many loses nearly all, the
            rest never change. smooth: every item moves a little, as with overlap scores.
        n: Items.
        flips: Share of items that change (more where the drop needs more).
        drop: The true drop.
    """

    kind: str
    n: int
    flips: float
    drop: float


def draw(world: World, rng: np.random.Generator) -> Sides:
    """Return the values of base and tuned model for one simulated model."""
    if world.kind == "smooth":
        base = rng.uniform(0.4, 0.6, world.n)
        return base.tolist(), (base - world.drop + rng.uniform(-0.3, 0.3, world.n)).tolist()
    sizes = {"right/wrong": [1.0], "fields": [0.2, 0.4, 0.6], "rare": [0.9]}[world.kind]
    mean = sum(sizes) / len(sizes)
    lost = max(world.flips + world.drop / mean, 2 * world.drop / mean) / 2
    gained = lost - world.drop / mean
    moved = rng.choice([0, 1, -1], world.n, p=[1 - lost - gained, gained, lost]) * rng.choice(sizes, world.n)
    high, low = (1.0, 0.0) if world.kind == "right/wrong" else (0.95, 0.05)
    base = np.where(moved < 0, high, low)
    return base.tolist(), (base + moved).tolist()


def passes(worlds: Sequence[World], models: int, margin: float, params: GatingParams, seed: int) -> int:
    """Return how many of the simulated models pass every row; each row is a world of its own."""
    rng = np.random.default_rng(seed)
    passed = 0
    for _ in range(models):
        asked = [
            Comparison(str(row), world.kind, *draw(world, rng), -margin, "must pass")
            for row, world in enumerate(worlds)
        ]
        passed += all(line.outcome == "pass" for line in judge_all(asked, params))
    return passed


def fails(world: World, rows: int, models: int, margin: float, params: GatingParams, seed: int) -> int:
    """Return for how many models at least one of the rows that may only fail did; each is truly at its margin."""
    rng = np.random.default_rng(seed)
    failed = 0
    for _ in range(models):
        asked = [Comparison(str(row), world.kind, *draw(world, rng), -margin, "may fail") for row in range(rows)]
        failed += any(line.outcome == "fail" for line in judge_all(asked, params))
    return failed


def share(count: int, models: int) -> dict[str, Any]:
    """Return a share with its exact 95 % Monte-Carlo interval."""
    ends = binomtest(count, models).proportion_ci(method="exact")
    return {"count": count, "models": models, "share": count / models, "low": float(ends.low), "high": float(ends.high)}


WORLDS = [
    *[("right/wrong", n, flips) for n in (100, 300, 600, 1500) for flips in (0.05, 0.2, 0.4)],
    *[("fields", n, flips) for n in (90, 300) for flips in (0.2, 0.4)],
    ("rare", 50, 0.0),
    ("rare", 90, 0.0),
    ("rare", 300, 0.0),
    ("smooth", 50, 1.0),
    ("smooth", 100, 1.0),
]


def main() -> None:
    """Simulate, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--margin", type=float, default=0.05)
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    started = time.monotonic()
    params = GatingParams(alpha=asked.alpha, bootstrap_samples=500)
    told: dict[str, Any] = {"models": asked.models, "margin": asked.margin, "alpha": asked.alpha}
    told["bootstrap_samples"] = params.bootstrap_samples
    print(f"{asked.models} models a row; true drop = margin = {asked.margin}; alpha = {asked.alpha}")
    print(f"{'items':12}{'n':>6}{'flips':>7}{'false pass':>12}  {'95 % interval':18}{'power at no drop':>17}")
    told["rows"] = [_row(*world, asked.models, asked.margin, params) for world in WORLDS]
    models = asked.models // 2
    print("\nrows that may only fail, each truly at its margin: models with at least one failed row")
    told["may_fail"] = []
    for rows in (1, 10):
        world = World("right/wrong", 200, 0.2, asked.margin)
        found = share(fails(world, rows, models, asked.margin, params, 3), models)
        told["may_fail"].append({"rows": rows, **found})
        print(f"{rows:4} rows  {_shown(found)}")
    print("\nthe whole gate, three rows that must pass")
    told["gate"] = {}
    harmless = World("right/wrong", 1500, 0.2, 0.0)
    at_margin = World("right/wrong", 1500, 0.2, asked.margin)
    for name, first in (("one at its margin, two harmless", at_margin), ("all three harmless", harmless)):
        found = share(passes([first, harmless, harmless], models, asked.margin, params, 4), models)
        told["gate"][name] = found
        print(f"{name:32} pass  {_shown(found)}")
    highest = max(row["false_pass"]["share"] for row in told["rows"])
    told |= {"highest_false_pass": highest, "python": platform.python_version()}
    print(f"\nhighest false-pass rate {highest:.4f}, alpha {asked.alpha}; {time.monotonic() - started:.0f} s")
    asked.result.parent.mkdir(parents=True, exist_ok=True)
    asked.result.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"written: {asked.result}")


def _row(kind: str, n: int, flips: float, models: int, margin: float, params: GatingParams) -> dict[str, Any]:
    wrong = share(passes([World(kind, n, flips, margin)], models, margin, params, 1), models)
    power = share(passes([World(kind, n, flips, 0.0)], models // 2, margin, params, 2), models // 2)
    interval = f"{wrong['low']:.4f} to {wrong['high']:.4f}"
    print(f"{kind:12}{n:6}{flips:7.2f}{wrong['share']:12.4f}  {interval:18}{power['share']:17.3f}", flush=True)
    return {"kind": kind, "n": n, "flips": flips, "false_pass": wrong, "power": power}


def _shown(found: dict[str, Any]) -> str:
    return f"{found['share']:.4f}  ({found['low']:.4f} to {found['high']:.4f})"


if __name__ == "__main__":
    main()

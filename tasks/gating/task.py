"""Prefect door of the gate."""

from pathlib import Path

from tasks.errors import ConfigError
from tasks.gating.card import card
from tasks.gating.params import GatingParams
from tasks.gating.verdict import VERDICT_FILE, judge, read_verdict
from tasks.store.keys import Stage
from tasks.store.records import write_json
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

__all__ = ["gate", "read_verdict"]

STAGE = Stage("gating", "1", ("numpy",))
RECIPE = Recipe(STAGE, card)


def gate(base_scores: Ref, tuned_scores: Ref, params: GatingParams) -> Ref:
    """Compare the tuned model with the base model, item by item, and write the verdict.

    A verdict that blocks is a result, not an error: `read_verdict` tells the flow.

    Raises:
        ConfigError: Both references are the same evaluation.
        ProofError: The two evaluations cannot be compared.
    """
    if base_scores.name == tuned_scores.name:
        raise ConfigError(f"the gate was given {base_scores.name} twice: it compares base model and tuned model")
    store = Store()

    def write(out: Path) -> Outcome:
        verdict = judge(store.open(base_scores), store.open(tuned_scores), params)
        write_json(out / VERDICT_FILE, verdict)
        outcomes = [row["outcome"] for row in verdict["rows"]]
        return Outcome(
            counts={name: outcomes.count(name) for name in ("pass", "fail", "inconclusive")},
            facts={"outcome": verdict["outcome"]},
        )

    inputs = {"base_scores": base_scores, "tuned_scores": tuned_scores}
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=f"tuned {tuned_scores.key[:8]} against base")

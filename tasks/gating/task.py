"""Prefect door of the gate."""

from collections.abc import Sequence
from pathlib import Path

from tasks.errors import ConfigError
from tasks.gating.card import card
from tasks.gating.champion import Champion
from tasks.gating.params import GatingParams
from tasks.gating.policy import read_policy
from tasks.gating.verdict import VERDICT_FILE, Others, judge, read_verdict
from tasks.store.keys import Stage, digest_of
from tasks.store.records import write_json
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

__all__ = ["gate", "read_verdict"]

STAGE = Stage("gating", "2", ("numpy", "scipy"))
RECIPE = Recipe(STAGE, card)


def gate(
    base_scores: Ref,
    tuned_scores: Ref,
    params: GatingParams,
    champion_scores: Ref | None = None,
    champion: Champion | None = None,
    repeats: Sequence[Ref] = (),
) -> Ref:
    """Compare the tuned model with the base model and with the champion, item by item, and write the verdict.

    A verdict that blocks is a result, not an error: `read_verdict` tells the flow.

    Args:
        base_scores: Evaluation of the base model.
        tuned_scores: Evaluation of the tuned model.
        params: Margins and risk.
        champion_scores: Evaluation of the champion on the same test; None when it is not compared.
        champion: The model that serves; None when there is none.
        repeats: Evaluations of trainings with other seeds.

    Raises:
        ConfigError: Both references are the same evaluation, or the policy file cannot be used.
        ProofError: The evaluations cannot be compared.
    """
    if base_scores.name == tuned_scores.name:
        raise ConfigError(f"the gate was given {base_scores.name} twice: it compares base model and tuned model")
    store = Store()
    policy = read_policy(params.policy)

    def write(out: Path) -> Outcome:
        others = Others(
            champion,
            store.open(champion_scores) if champion_scores else None,
            [store.open(ref) for ref in repeats],
        )
        verdict = judge(store.open(base_scores), store.open(tuned_scores), params, policy, others)
        write_json(out / VERDICT_FILE, verdict)
        outcomes = [row["outcome"] for row in verdict["rows"]]
        return Outcome(
            counts={name: outcomes.count(name) for name in ("pass", "fail", "inconclusive")},
            facts={"outcome": verdict["outcome"]},
        )

    inputs = {"base_scores": base_scores, "tuned_scores": tuned_scores}
    inputs |= {"champion_scores": champion_scores} if champion_scores else {}
    inputs |= {f"repeat_{number}": ref for number, ref in enumerate(repeats, 1)}
    external = {"policy": policy.sha256} if policy else {}
    if champion is not None:
        external["champion"] = digest_of(champion.model_dump(mode="json"))
    label = f"tuned {tuned_scores.key[:8]} against base" + (f" and {champion.name}" if champion else "")
    return run_stage(RECIPE, write, inputs=inputs, params=params, label=label, external=external)

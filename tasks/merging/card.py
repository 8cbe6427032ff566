"""Run card of the merged model."""

from pathlib import Path
from typing import Any

from tasks.merging.figures import MINIMA
from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

_NAMES = {
    "max_logit_difference": "largest logit difference",
    "mean_logit_difference": "mean logit difference",
    "kl": "KL divergence (nats)",
    "top1_agreement": "same most likely token (share)",
    "greedy_equal": "same greedy answer (share)",
    "task_score_equal": "same task score (share)",
    "relative_difference": "mean difference / adapter's own effect",
}


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: parity against its limits, the quantisation gap, what the merge changed."""
    said = read_json(directory / "parity.json")
    columns, compared = [f"merged against {said['reference']}", "limit"], {}
    if said["evaluated_gap"]:
        compared["merged against 16-bit base + adapter"] = said["evaluated_gap"]
    elif said["quantisation_gap"]:
        compared["merged against NF4 base + adapter"] = said["quantisation_gap"]
    compared["adapter's effect"] = said["adapter_effect"]
    rows = [
        [
            name,
            said[key],
            f"{'at least' if key in MINIMA else 'at most'} {said['thresholds'][key]:.4g}",
            *(figures.get(key, "-") for figures in compared.values()),
        ]
        for key, name in _NAMES.items()
    ]
    scores = said["task_score"]
    return (
        f"{said['probes']} probes, {said['positions']} positions, weights in {said['dtype']}, read back from disk: "
        f"**{'equal within the limits' if said['passed'] else 'NOT equal'}**\n\n"
        + "".join(f"**Warning: {warning}**\n\n" for warning in said["warnings"])
        + table(["figure", *columns, *compared], rows)
        + f"\nTask score of the greedy answers: {scores['reference']:.3f} with base + adapter, "
        f"{scores['merged']:.3f} merged.\n\n" + _changes(said) + _gap(said)
    )


def _changes(said: dict[str, Any]) -> str:
    delta = said["delta"]
    untied = "The output layer has weights of its own now; the base shares them with its embeddings. "
    return (
        f"The merge changed {delta['changed_share']:.1%} of the adapter's target weights, by "
        f"{delta['relative_norm']:.3%} of their norm ({delta['intended_norm']:.3%} before rounding); rounding "
        f"swallowed {delta['lost_share']:.1%} of the change. {untied if said['untied'] else ''}"
    )


def _gap(said: dict[str, Any]) -> str:
    if said["evaluated_gap"]:
        return (
            "The base is what NF4 made of it: the distance to the 16-bit base + adapter, which evaluation scored, is "
            "for information.\n"
        )
    if said["quantisation_gap"]:
        return "Training saw an NF4 base: its column is for information, no limit holds it.\n"
    return "\n"

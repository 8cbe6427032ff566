"""Run card of the merged model."""

from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

_NAMES = {
    "max_logit_difference": "largest logit difference",
    "mean_logit_difference": "mean logit difference",
    "kl": "KL divergence (nats)",
    "top1_agreement": "same most likely token (share)",
    "greedy_equal": "same greedy answer (share)",
    "relative_difference": "mean difference / adapter's own effect",
}
_MINIMA = ("top1_agreement", "greedy_equal")


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: parity against its limits, the quantisation gap, what the merge changed."""
    said = read_json(directory / "parity.json")
    gap = said["quantisation_gap"] or {}
    rows = [
        [
            name,
            said[key],
            f"{'at least' if key in _MINIMA else 'at most'} {said['thresholds'][key]:.4g}",
            gap.get(key, "-"),
            said["adapter_effect"].get(key, "-"),
        ]
        for key, name in _NAMES.items()
    ]
    columns = [
        "figure",
        "merged against base + adapter",
        "limit",
        "merged against NF4 base + adapter",
        "adapter's effect",
    ]
    delta = said["delta"]
    return (
        f"{said['probes']} probes, {said['positions']} positions, weights in {said['dtype']}, read back from disk: "
        f"**{'equal within the limits' if said['passed'] else 'NOT equal'}**\n\n"
        + table(columns, rows)
        + f"\nThe merge changed {delta['changed_share']:.1%} of the adapter's target weights, by "
        f"{delta['relative_norm']:.3%} of their norm ({delta['intended_norm']:.3%} before rounding). "
        + ("Training saw an NF4 base: its column is for information, no limit holds it.\n" if gap else "\n")
    )

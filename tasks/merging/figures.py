"""Figures that say how far two models are apart, and the limits they are held to."""

from dataclasses import dataclass
from typing import Any

from tasks.merging.params import MergingParams

MINIMA = ("top1_agreement", "greedy_equal", "task_score_equal")
_NOISE = {"bfloat16": 1.0, "float16": 1 / 8, "float32": 1 / 100}
_DIGITS = 5


@dataclass
class Distance:
    """Distance between two models' logits, added up probe by probe.

    Attributes:
        largest: Largest absolute difference of a logit.
        total: Sum of absolute differences.
        logits: How many logits were compared.
        kl: Sum over positions of KL(reference || other), nats.
        agreed: Positions where both rank the same token first.
        positions: Positions compared.
    """

    largest: float = 0.0
    total: float = 0.0
    logits: int = 0
    kl: float = 0.0
    agreed: int = 0
    positions: int = 0

    def add(self, reference: Any, other: Any) -> None:
        """Add one probe: two float32 tensors of logits, shape [positions, vocabulary]."""
        difference = (reference - other).abs()
        self.largest = max(self.largest, float(difference.max()))
        self.total += float(difference.double().sum())
        self.logits += difference.numel()
        log_p, log_q = reference.log_softmax(-1), other.log_softmax(-1)
        self.kl += max(0.0, float((log_p.exp() * (log_p - log_q)).double().sum()))
        self.agreed += int((reference.argmax(-1) == other.argmax(-1)).sum())
        self.positions += reference.shape[0]

    @property
    def mean(self) -> float:
        """Mean absolute difference of a logit."""
        return self.total / self.logits

    def figures(self) -> dict[str, float]:
        """Return the four figures, rounded so that a repeated run writes the same bytes."""
        return {
            "max_logit_difference": rounded(self.largest),
            "mean_logit_difference": rounded(self.mean),
            "kl": rounded(self.kl / self.positions),
            "top1_agreement": rounded(self.agreed / self.positions),
        }


def rounded(value: float) -> float:
    """Round to a few significant digits."""
    return float(f"{value:.{_DIGITS - 1}e}")


def thresholds(params: MergingParams, dtype: str) -> dict[str, float]:
    """Return the limits for merged weights of one dtype.

    All models answer in float32, so what separates them is the one rounding of each merged weight: at most half a step
    of its type, 2^-9 of a weight in bfloat16, 2^-12 in float16 (an eighth), 2^-25 in float32. Logits are close to
    linear in changes that small, so the limits shrink alike; in float32 only to a hundredth, since there the order in
    which products are summed (x W + s B A x against x (W + s B A)) outweighs the rounding. Shares and the ratio to the
    adapter's effect depend on near ties and on the training, not on the type: they stay.
    """
    noise = max(_NOISE[name] for name in dtype.split("+"))
    return {
        "max_logit_difference": params.max_logit_difference * noise,
        "mean_logit_difference": params.mean_logit_difference * noise,
        "kl": params.max_kl * noise,
        "top1_agreement": params.min_top1_agreement,
        "greedy_equal": params.min_greedy_equal,
        "task_score_equal": params.min_task_score_equal,
        "relative_difference": params.max_relative_difference,
    }


def misses(found: dict[str, float], limits: dict[str, float]) -> list[str]:
    """Return the names of the figures that miss their limit; shares are minima, the rest maxima."""
    return [
        name
        for name, limit in limits.items()
        # Written so that a NaN misses.
        if not (found[name] >= limit if name in MINIMA else found[name] <= limit)
    ]

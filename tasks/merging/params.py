"""How the merge is proven."""

from tasks.store.params import Params, positioned


class MergingParams(Params):
    """Parameters of the merging stage.

    The limits are for bfloat16 weights, whose rounding moves each merged weight by up to 1/512 of its size. For float16
    (three more bits) an eighth of each difference is allowed, for float32 a hundredth. The defaults are about three
    times what trainings of SmolLM2-135M showed at worst (largest 2.1, mean 0.16, KL 0.003, relative 0.08; same token
    0.987, same answer 0.83): its logits are large, so other models stay further below.
    """

    probes: int = positioned(
        16, 0, "Probes (rows)", "How many held-out conversations the two models answer.", ge=1, le=512
    )
    greedy_tokens: int = positioned(
        32, 1, "Answer length (tokens)", "How many tokens of each greedy answer are compared.", ge=1, le=1024
    )
    max_logit_difference: float = positioned(
        6.0, 2, "Largest logit difference", "Over all positions of all probes and all tokens.", gt=0
    )
    mean_logit_difference: float = positioned(
        0.5, 3, "Mean logit difference", "Mean absolute difference over the same logits.", gt=0
    )
    max_kl: float = positioned(
        0.01, 4, "KL divergence (nats)", "Mean over positions, from base + adapter to the merged model.", gt=0
    )
    min_top1_agreement: float = positioned(
        0.97,
        5,
        "Same most likely token (share)",
        "Share of positions where both models rank the same token first.",
        ge=0,
        le=1,
    )
    min_greedy_equal: float = positioned(
        0.5,
        6,
        "Same greedy answer (share)",
        "Share of probes with equal text. One near tie in an answer changes all that follows: not all need be equal.",
        ge=0,
        le=1,
    )
    max_relative_difference: float = positioned(
        0.25,
        7,
        "Difference against the adapter's effect",
        "Mean logit difference, divided by what the adapter itself changes. A wrong scale shows here even when the "
        "adapter's effect is small.",
        gt=0,
    )

"""How the merge is proven."""

from typing import Literal

from tasks.store.params import Params, positioned


class MergingParams(Params):
    """Parameters of the merging stage.

    The limits are for bfloat16 weights, whose rounding moves each merged weight by up to 1/512 of its size. For float16
    (three more bits) an eighth of each difference is allowed, for float32 a hundredth. The defaults are about three
    times what trainings of SmolLM2-135M showed at worst (largest 2.1, mean 0.16, KL 0.003, relative 0.08; same token
    0.987, same answer 0.83): its logits are large, so other models stay further below.
    """

    base: Literal["16-bit", "dequantised"] = positioned(
        "16-bit",
        0,
        "Base",
        "16-bit: the base model's own weights, as evaluation had them. dequantised: the 4-bit weights that QLoRA "
        "trained on, read back; closer to the training, but not what was evaluated.",
    )
    max_shard_size: float = positioned(
        5.0, 1, "Largest file (GB)", "The model is split into files of at most this size.", gt=0, le=1000
    )
    probes: int = positioned(
        16, 2, "Probes (rows)", "How many held-out conversations the two models answer.", ge=1, le=512
    )
    greedy_tokens: int = positioned(
        96, 3, "Answer length (tokens)", "How many tokens of each greedy answer are compared.", ge=1, le=1024
    )
    max_logit_difference: float = positioned(
        6.0, 4, "Largest logit difference", "Over all positions of all probes and all tokens.", gt=0
    )
    mean_logit_difference: float = positioned(
        0.5, 5, "Mean logit difference", "Mean absolute difference over the same logits.", gt=0
    )
    max_kl: float = positioned(
        0.01, 6, "KL divergence (nats)", "Mean over positions, from base + adapter to the merged model.", gt=0
    )
    min_top1_agreement: float = positioned(
        0.97,
        7,
        "Same most likely token (share)",
        "Share of positions where both models rank the same token first.",
        ge=0,
        le=1,
    )
    min_greedy_equal: float = positioned(
        0.5,
        8,
        "Same greedy answer (share)",
        "Share of probes with equal text. One near tie in an answer changes all that follows: not all need be equal.",
        ge=0,
        le=1,
    )
    min_task_score_equal: float = positioned(
        0.75,
        9,
        "Same task score (share)",
        "Share of probes whose greedy answer scores as before: fields of a JSON object that are as expected, or the "
        "whole text.",
        ge=0,
        le=1,
    )
    max_relative_difference: float = positioned(
        0.25,
        10,
        "Difference against the adapter's effect",
        "Mean logit difference, divided by what the adapter itself changes. A wrong scale shows here even when the "
        "adapter's effect is small.",
        gt=0,
    )

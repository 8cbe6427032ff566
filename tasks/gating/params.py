"""How much better on the task, and how little worse in general, a tuned model must be."""

from typing import Literal, Self

from pydantic import model_validator

from tasks.store.params import Params, positioned


class GatingParams(Params):
    """Parameters of the gate."""

    min_task_gain: float = positioned(
        0.05,
        0,
        "Smallest gain on the task (share)",
        "The tuned model must beat the base by at least this, at the interval's lower end. 0.05 is 5 points.",
        ge=-1,
        le=1,
    )
    max_general_drop: float = positioned(
        0.05,
        1,
        "Largest drop in general ability (share)",
        "The tuned model may lose at most this on general items, at the interval's lower end. 0.05 is 5 points.",
        ge=0,
        le=1,
    )
    alpha: float = positioned(
        0.05,
        2,
        "Risk of a wrong verdict (share)",
        "Intervals cover 1 - alpha. 0.05 gives 95 % intervals.",
        ge=0.001,
        le=0.5,
    )
    min_items: int = positioned(
        100,
        3,
        "Fewest general items",
        "With fewer, the verdict is inconclusive. 0 allows a release whose general ability was not measured.",
        ge=0,
        le=1_000_000,
    )
    min_task_items: int = positioned(
        20,
        4,
        "Fewest task items",
        "With fewer, the verdict is inconclusive. 0 allows a release that was not measured on its task.",
        ge=0,
        le=1_000_000,
    )
    bootstrap_samples: int = positioned(
        10_000, 5, "Bootstrap samples", "More give steadier interval ends.", ge=100, le=1_000_000
    )
    seed: int = positioned(0, 6, "Seed of the bootstrap", "The same seed gives the same interval.", ge=0, le=2**31 - 1)
    max_metric_drop: float = positioned(
        0.05,
        7,
        "Largest drop of a further metric (share)",
        "Every metric after the first may lose at most this, at the interval's lower end. A field of the task that is "
        "proven to lose more fails too.",
        ge=0,
        le=1,
    )
    max_guardrail_drop: float = positioned(
        0.05,
        8,
        "Largest drop in guardrails (share)",
        "The gate fails when a kind of guardrail probe is proven to lose more than this against the base.",
        ge=0,
        le=1,
    )
    champion: Literal["compare", "skip"] = positioned(
        "compare",
        9,
        "Compare with the champion",
        "compare: the model that serves under this name is asked the same test, and the new one must not be worse.",
    )
    max_champion_drop: float = positioned(
        0.05,
        10,
        "Largest drop against the champion (share)",
        "The new model may lose at most this against the champion, at the interval's lower end.",
        ge=0,
        le=1,
    )
    noise_seeds: int = positioned(
        0,
        11,
        "Trainings for the noise floor (0: none)",
        "So many more trainings with other seeds show what chance does; the gain must exceed that. At least 2.",
        ge=0,
        le=20,
    )
    policy: str = positioned(
        "",
        12,
        "Policy file",
        "A YAML file, below an allowed input folder, whose margins replace those above. The verdict quotes it.",
    )
    on_small_suite: Literal["stop", "go on"] = positioned(
        "stop",
        13,
        "When the test is too small for a margin",
        "stop: the run ends before anything is trained. go on: the verdict may come out inconclusive.",
    )
    flip_share: float = positioned(
        0.2,
        14,
        "Assumed flips (share)",
        "Share of items that the two models answer differently; for planning only. 0.2 is usual for a tuned model "
        "and its base.",
        gt=0,
        le=1,
    )
    planned_gain: float = positioned(
        0.2,
        15,
        "Planned gain above the smallest (share)",
        "The task's test must be large enough to show the smallest gain if the true one is larger by this.",
        gt=0,
        le=2,
    )
    min_power: float = positioned(
        0.5,
        16,
        "Smallest chance to pass (share)",
        "Chance that a harmless model must have on a test. 0.5: its interval is as wide as the margin. 0.8 is the "
        "custom where items are cheap.",
        ge=0.5,
        le=0.99,
    )

    @model_validator(mode="after")
    def _enough_seeds(self) -> Self:
        if self.noise_seeds == 1:
            raise ValueError(
                "gating.noise_seeds is 1, but two trainings tell next to nothing about chance. Set 2 or more, or 0"
            )
        return self

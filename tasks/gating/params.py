"""How much better on the task, and how little worse in general, a tuned model must be."""

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

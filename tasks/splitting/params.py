"""How the records are divided."""

from typing import Literal, Self

from pydantic import model_validator

from tasks.store.params import Params, positioned

LARGEST_HELD_BACK = 0.5


class SplittingParams(Params):
    """Parameters of the splitting stage."""

    validation: float = positioned(
        0.05, 0, "Share for validation", "Part of the rows that training stops early by.", ge=0.01, le=0.4
    )
    test: float = positioned(
        0.05,
        1,
        "Share for the test",
        "Part of the task rows that the model is measured on; 0 where held-out files do that.",
        ge=0,
        le=0.4,
    )
    stratify_by: str = positioned(
        "", 2, "Stratify by field", "Each value of this field is divided by the same shares. Empty for none."
    )
    group_by: str = positioned(
        "", 3, "Keep together by field", "Rows with one value of this field stay in one split. Empty for none."
    )
    near_threshold: float = positioned(
        0.8,
        4,
        "Near-duplicate from (Jaccard)",
        "Rows of two splits count as a leak from this similarity on; 1 is the same set of word triples.",
        ge=0.5,
        le=1,
    )
    on_leak: Literal["remove", "fail"] = positioned(
        "remove",
        5,
        "Near-duplicates across splits",
        "remove: take the training row out and list it. fail: stop the run.",
    )
    seed: int = positioned(0, 6, "Seed", "Another seed divides the rows otherwise.", ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _room_to_train(self) -> Self:
        if self.validation + self.test > LARGEST_HELD_BACK:
            raise ValueError(
                f"validation {self.validation:g} and test {self.test:g} leave less than half of the rows to train on: "
                "lower one of them"
            )
        return self

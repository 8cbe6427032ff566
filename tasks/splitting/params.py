"""How the records are divided."""

from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from tasks.splitting.instants import instant
from tasks.store.params import Params, positioned

LARGEST_HELD_BACK = 0.5


class SplittingParams(Params):
    """Parameters of the splitting stage."""

    method: Literal["random", "hash", "time"] = positioned(
        "random",
        0,
        "Method",
        "random: seeded, shares met as near as the groups allow. hash: each group's split hangs on its own name alone, "
        "so a test row never moves into training as data grow; shares are met on average. time: the newest groups are "
        "the test, those before them the validation.",
    )
    validation: float = positioned(
        0.05, 1, "Share for validation", "Part of the rows that training stops early by.", ge=0.01, le=0.4
    )
    test: float = positioned(
        0.05,
        2,
        "Share for the test",
        "Part of the task rows that the model is measured on; 0 where held-out files do that.",
        ge=0,
        le=0.4,
    )
    stratify_by: str = positioned(
        "",
        3,
        "Stratify by field",
        "Each value of this field is divided by the same shares (reported, not forced, by time). Empty for none.",
    )
    on_rare: Literal["train", "merge", "fail"] = positioned(
        "train",
        4,
        "Strata with fewer groups than splits",
        "train: all of it trains. merge: such strata are divided together as one. fail: stop the run. By hash and by "
        "time, where no stratum is divided on its own, they are only reported, or fail.",
    )
    group_by: tuple[str, ...] = positioned(
        (),
        5,
        "Keep together by fields",
        "Rows that share a value of any of these fields stay in one split: customer, conversation, document. Name the "
        "coarsest first: by hash it names the group. General rows are grouped among themselves.",
    )
    time_field: str = positioned(
        "", 6, "Field with the time", "For time: dates or times as ISO 8601 (UTC where no zone is said), or Unix time."
    )
    validation_from: str = positioned(
        "", 7, "Validation from (date)", "For time: ISO 8601. Empty: cut by the share for validation."
    )
    test_from: str = positioned("", 8, "Test from (date)", "For time: ISO 8601. Empty: cut by the share for the test.")
    on_undated: Literal["fail", "train"] = positioned(
        "fail",
        9,
        "Task rows without a readable time",
        "For time. fail: stop the run and name some. train: they train, though they may be newer than the test.",
    )
    near_threshold: float = positioned(
        0.8,
        10,
        "Near-duplicate from (Jaccard)",
        "A training row that is like a row of another split from here on is a leak; 1 is the same set of word triples.",
        ge=0.5,
        le=1,
    )
    on_leak: Literal["remove", "fail"] = positioned(
        "remove",
        11,
        "Training rows that repeat another split",
        "remove: take the training row out and list it. fail: stop the run.",
    )
    seed: int = positioned(
        0, 12, "Seed", "Another seed divides the rows otherwise. By hash it is the salt: keep it.", ge=0, le=2**31 - 1
    )

    @field_validator("group_by", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """Take names written as one text too, as a command line gives them."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("group_by")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if "" in names or len(set(names)) < len(names):
            raise ValueError(f"name each field once and leave none empty, not {list(names)}")
        return names

    @field_validator("validation_from", "test_from")
    @classmethod
    def _readable(cls, written: str) -> str:
        if written and instant(written) is None:
            raise ValueError(f"'{written}' is no time: write ISO 8601, for example 2025-03-01 or 2025-03-01T12:00:00Z")
        return written

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._shares(), *self._times()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _shares(self) -> list[str]:
        if self.validation + self.test <= LARGEST_HELD_BACK:
            return []
        return [
            f"validation {self.validation:g} and test {self.test:g} leave less than half of the rows to train on: "
            "lower one of them"
        ]

    def _times(self) -> list[str]:
        problems = []
        named = [name for name in ("time_field", "validation_from", "test_from") if getattr(self, name)]
        if self.method != "time" and named:
            problems.append(f"{', '.join(named)} only count for method time, but the method is {self.method}")
        if self.method == "time" and not self.time_field:
            problems.append("method time needs time_field, the field that holds the time")
        if self.test_from and self.test == 0:
            problems.append("test_from names the test's beginning, but the share for the test is 0: set one of them")
        first, second = instant(self.validation_from), instant(self.test_from)
        if first is not None and second is not None and first >= second:
            problems.append(f"validation_from {self.validation_from} must lie before test_from {self.test_from}")
        return problems

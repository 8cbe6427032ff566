"""How much general data goes in, and from where."""

import math
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import field_validator, model_validator

from tasks.store.params import Params, positioned

SMALLEST_SHARE = 0.05
LARGEST_SHARE = 0.20


class MixingParams(Params):
    """Parameters of the mixing stage."""

    share: float = positioned(
        0.10,
        0,
        "Share of general data (0 to 1)",
        "Part of the mixed set that is general instruction data: 0 for none, else 0.05 to 0.20.",
        ge=0,
        le=LARGEST_SHARE,
    )
    share_by: Literal["rows", "tokens", "characters"] = positioned(
        "rows",
        1,
        "Share counted in",
        "tokens: what training really sees, counted with the base model's tokenizer. rows: plain, but ten long rows "
        "weigh as much as ten short ones. characters: near to tokens where no base model is at hand.",
    )
    files: tuple[str, ...] = positioned(
        ("deployments/demo/data/general.jsonl",),
        2,
        "Files with general rows",
        "Paths below the allowed folders; not read when the share is 0.",
    )
    weights: tuple[str, ...] = positioned(
        (),
        3,
        "Weights of the sources",
        "One a line as source=weight, for example facts=2 or chats/*.jsonl=1. A source is what a row's column `source` "
        "says, else its file; the first line that fits counts. Empty: each row has the same chance.",
    )
    on_short: Literal["top_up", "fail"] = positioned(
        "top_up",
        4,
        "A source has less than its weight asks",
        "top_up: the other sources give the rest, by their weights, and the card says so. fail: stop the run.",
    )
    near_threshold: float = positioned(
        0.8,
        5,
        "Repeats the task from (Jaccard)",
        "A general row whose question shares this much of its word triples with a task row's is left out; 1 is the "
        "same set.",
        ge=0.5,
        le=1,
    )
    seed: int = positioned(0, 6, "Seed", "Another seed chooses other general rows.", ge=0, le=2**31 - 1)

    @field_validator("share")
    @classmethod
    def _none_or_enough(cls, share: float) -> float:
        if 0 < share < SMALLEST_SHARE:
            raise ValueError(
                f"a share of {share:g} is too small to help against forgetting: use 0 (no general rows) or "
                f"{SMALLEST_SHARE} to {LARGEST_SHARE}"
            )
        return share

    @field_validator("weights")
    @classmethod
    def _readable(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        """Check every entry, report all problems at once, and write equal weights equally (they are keyed)."""
        problems: list[str] = []
        weights: dict[str, float] = {}
        for entry in entries:
            name, equals, written = (part.strip() for part in entry.rpartition("="))
            weight = _weight(written)
            if not equals or not _is_pattern(name):
                problems.append(f"'{entry}': write source=weight")
            elif weight is None:
                problems.append(f"'{entry}': the weight must be a number above 0; to leave a source out, name no file")
            elif name in weights:
                problems.append(f"'{entry}': the source {name} is named twice")
            else:
                weights[name] = weight
        if problems:
            raise ValueError("; ".join(problems))
        return tuple(f"{name}={weight!r}" for name, weight in weights.items())

    @model_validator(mode="after")
    def _files_for_a_share(self) -> Self:
        if self.share > 0 and not self.files:
            raise ValueError(f"a share of {self.share:g} needs files with general rows: name some, or use share 0")
        return self

    def weighted(self) -> dict[str, float]:
        """Return the weight of each source pattern, in the order they were written."""
        parts = (entry.rpartition("=") for entry in self.weights)
        return {name: float(weight) for name, _equals, weight in parts}


def _weight(written: str) -> float | None:
    try:
        weight = float(written)
    except ValueError:
        return None
    return weight if weight > 0 and math.isfinite(weight) else None


def _is_pattern(name: str) -> bool:
    try:
        PurePosixPath("name").match(name)
    except ValueError:
        return False
    return True

"""How much general data goes in, and from where."""

from typing import Self

from pydantic import field_validator, model_validator

from tasks.store.params import Params, positioned

SMALLEST_SHARE = 0.05
LARGEST_SHARE = 0.20


class MixingParams(Params):
    """Parameters of the mixing stage."""

    share: float = positioned(
        0.10,
        0,
        "Share of general rows",
        "Part of the mixed rows that is general instruction data: 0 for none, else 0.05 to 0.20.",
        ge=0,
        le=LARGEST_SHARE,
    )
    files: tuple[str, ...] = positioned(
        ("deployments/demo/data/general.jsonl",),
        1,
        "Files with general rows",
        "Paths below the allowed folders; not read when the share is 0.",
    )
    seed: int = positioned(0, 2, "Seed", "Another seed chooses other general rows.", ge=0, le=2**31 - 1)

    @field_validator("share")
    @classmethod
    def _none_or_enough(cls, share: float) -> float:
        if 0 < share < SMALLEST_SHARE:
            raise ValueError(
                f"a share of {share:g} is too small to help against forgetting: use 0 (no general rows) or "
                f"{SMALLEST_SHARE} to {LARGEST_SHARE}"
            )
        return share

    @model_validator(mode="after")
    def _files_for_a_share(self) -> Self:
        if self.share > 0 and not self.files:
            raise ValueError(f"a share of {self.share:g} needs files with general rows: name some, or use share 0")
        return self

"""What counts as a leak, and what happens then."""

from typing import Literal, Self

from pydantic import model_validator

from tasks.dedup.params import EMBEDDED
from tasks.store.params import Params, positioned


class LeakageParams(Params):
    """Parameters of the leakage stage."""

    near_limit: float = positioned(
        0.8,
        0,
        "Near-duplicate from (Jaccard)",
        "Rows of two splits that share this much of their word triples count as a leak. Not lower than "
        "splitting.near_threshold, from which the splitting takes such rows out.",
        ge=0.3,
        le=1,
    )
    embedding_limit: float = positioned(
        0.85,
        1,
        "Paraphrase from (cosine)",
        "Rows of two splits that mean the same by an embedding model are listed as a warning from here on.",
        ge=0.3,
        le=1,
    )
    embedding_rows: int = positioned(
        300,
        2,
        "Rows of each split to embed (0: none)",
        "A seeded sample. More rows find more and take longer: about 40 rows a second on two cores.",
        ge=0,
        le=1_000_000,
    )
    embedding_model: str = positioned(
        EMBEDDED,
        3,
        "Embedding model",
        "The embedded model, a folder below the allowed roots, or a Hugging Face id such as org/name or "
        "org/name@revision.",
        min_length=1,
    )
    ngram: int = positioned(
        13,
        4,
        "Word run that gives a benchmark item away (words)",
        "13 as published for GPT-3; 8 finds items that were edited here and there.",
        ge=3,
        le=50,
    )
    min_ngram: int = positioned(
        8,
        5,
        "Shortest item judged by word runs (words)",
        "A shorter item is compared as one run of its own length down to here; below it only whole turns count.",
        ge=3,
        le=50,
    )
    max_overlap: float = positioned(
        0.5,
        6,
        "Contaminated from (share of an item's words)",
        "Share of a benchmark item's words that lie in word runs of one training row.",
        gt=0,
        le=1,
    )
    on_leak: Literal["fail", "warn"] = positioned(
        "fail",
        7,
        "Training rows that repeat another split",
        "fail: stop the run. warn: go on and show them. Other splits among each other, and paraphrases, only warn.",
    )
    on_contamination: Literal["warn", "fail"] = positioned(
        "warn",
        8,
        "Training rows that hold benchmark items",
        "warn: go on and show the share beside the benchmark. fail: stop the run.",
    )
    listed: int = positioned(
        10,
        9,
        "Closest pairs to list",
        "For each method and each two splits, beside all that are over the limit.",
        ge=1,
        le=1000,
    )
    seed: int = positioned(0, 10, "Seed", "Another seed embeds other rows.", ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _runs_fit(self) -> Self:
        if self.min_ngram > self.ngram:
            raise ValueError(
                f"min_ngram {self.min_ngram} is longer than ngram {self.ngram}: no item could be judged by its runs"
            )
        return self

"""What counts as a duplicate, and what happens to contradictions."""

from typing import Literal, Self

from pydantic import model_validator

from tasks.store.params import Params, positioned

EMBEDDED = "embedded:all-minilm-l6-v2"


class DedupParams(Params):
    """Parameters of the dedup stage."""

    exact: bool = positioned(
        True, 0, "Remove exact duplicates", "Rows that are equal but for case, white space and Unicode form."
    )
    near: bool = positioned(
        True,
        1,
        "Remove near duplicates",
        "Rows that share most of their word runs (MinHash, checked by exact Jaccard).",
    )
    embedding: bool = positioned(
        True, 2, "Remove paraphrases", "Rows that mean the same by an embedding model, in other words."
    )
    same_answer: bool = positioned(
        True,
        3,
        "Only rows with equal answers are duplicates",
        "Applies to near duplicates and paraphrases. On, prompts are compared; off, whole conversations with answers.",
    )
    threshold: float = positioned(
        0.8,
        4,
        "Near duplicates from (Jaccard, 0 to 1)",
        "Share of common word runs from which two rows are near duplicates.",
        ge=0.3,
        le=1,
    )
    shingle_size: int = positioned(
        3, 5, "Length of a word run (words)", "Longer runs make the comparison stricter.", ge=1, le=10
    )
    num_perm: int = positioned(
        128, 6, "MinHash permutations", "More cost time and let fewer near duplicates slip through.", ge=32, le=1024
    )
    embedding_threshold: float = positioned(
        0.85,
        7,
        "Paraphrases from (cosine, 0 to 1)",
        "At 0.85 unrelated texts do not reach it. Answers that pin a row down (whole records) allow 0.5 with equal "
        "answers; short answers such as class names do not.",
        ge=0.3,
        le=1,
    )
    embedding_model: str = positioned(
        EMBEDDED,
        8,
        "Embedding model",
        "The embedded model, a folder below the allowed roots, or a Hugging Face id such as org/name or "
        "org/name@revision.",
        min_length=1,
    )
    on_conflict: Literal["drop", "keep"] = positioned(
        "drop",
        9,
        "Equal prompts with different answers",
        "drop: all rows of the contradiction leave. keep: they stay. Both ways they are listed.",
    )
    representative: Literal["first", "longest", "newest", "quality"] = positioned(
        "first",
        10,
        "Which row of a group stays",
        "first: in file order. longest: the longest clean answer. newest: the latest date in a field. quality: the "
        "highest number in a field.",
    )
    representative_field: str = positioned(
        "", 11, "Field of the rule", "The field that newest or quality reads; each row must have it."
    )
    embedding_backend: Literal["auto", "sentence-transformers", "static"] = positioned(
        "auto",
        12,
        "Embedding backend",
        "sentence-transformers: the model itself, some 50 rows a second on two cores. static: word vectors distilled "
        "from it, thousands of rows a second, good for near copies, weak for free paraphrases. auto: by the rows.",
    )
    embedding_auto_rows: int = positioned(
        10_000, 13, "Static backend above (rows)", "Where auto changes from the model to the static one.", ge=0
    )
    embedding_static_threshold: float = positioned(
        0.0,
        14,
        "Static backend: paraphrases from (cosine; 0: matched)",
        "0: the threshold above, translated on a sample of rows so that both backends call as many pairs alike.",
        ge=0,
        le=1,
    )
    embedding_static_dimensions: int = positioned(
        256, 15, "Static backend: dimensions", "More are slower and hold more.", ge=32, le=1024
    )
    embedding_exact_rows: int = positioned(
        100_000, 16, "Exact search up to (rows)", "Beyond, an index (IVF) is searched, its recall measured.", ge=1
    )
    embedding_recall: float = positioned(
        0.99, 17, "Recall of the index (share)", "More of it is searched until a sample shows this.", ge=0.5, le=1
    )
    embedding_agreement_rows: int = positioned(
        512,
        18,
        "Rows to compare the backends on (0: none)",
        "A seeded sample is embedded by both, and the card says how far they agree.",
        ge=0,
        le=4096,
    )
    embedding_agreement_always: bool = positioned(
        False, 19, "Compare the backends always", "Off: only where the static one is used."
    )
    near_runner: Literal["auto", "threads", "processes", "ray"] = positioned(
        "auto",
        20,
        "Near duplicates are searched on",
        "auto: in memory, and beyond the rows below on disk with the threads of this machine. threads, processes, ray "
        "(the cluster that RAY_ADDRESS names): on disk, with the signatures of the last run reused. All find the same.",
    )
    near_memory_rows: int = positioned(
        500_000, 21, "In memory up to (rows)", "About 200 MB above the texts at half a million.", ge=0
    )

    @model_validator(mode="after")
    def _rules_have_what_they_need(self) -> Self:
        if self.representative in ("newest", "quality") and not self.representative_field:
            raise ValueError(
                f"representative {self.representative} needs representative_field: the field it reads (a date for "
                "newest, a number for quality)"
            )
        if self.embedding_agreement_rows == 1:
            raise ValueError("embedding_agreement_rows is 1: backends are compared on pairs of rows, name 2 or more")
        matched = self.embedding_static_threshold or self.embedding_agreement_rows
        if self.embedding_backend == "static" and not matched:
            raise ValueError(
                "the static backend needs embedding_static_threshold, or embedding_agreement_rows to match it on: the "
                "threshold of the full model would call far too many rows alike"
            )
        return self

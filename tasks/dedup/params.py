"""What counts as a duplicate, and what happens to contradictions."""

from typing import Literal

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

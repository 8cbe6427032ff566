"""What is measured, what warns and what stops."""

from tasks.store.params import Params, positioned

NEVER = "1: never."


class QualityParams(Params):
    """Parameters of the quality stage."""

    min_rows: int = positioned(
        100,
        0,
        "Fewest rows",
        "The run stops with fewer unique rows than this: no training can be judged on them.",
        ge=1,
    )
    few_rows: int = positioned(500, 1, "Few rows", "Fewer unique rows than this are a warning.", ge=1)
    stratify_by: str = positioned(
        "",
        2,
        "Classes by field",
        "Balance, lengths and the form of answers are judged within each value of this field. Empty: the answers "
        "themselves are the classes where they come from a small set.",
    )
    max_labels: int = positioned(
        20, 3, "Largest set of labels", "Up to so many different short answers count as a set of labels.", ge=2, le=1000
    )
    schema_file: str = positioned(
        "",
        4,
        "JSON Schema of the answers (file)",
        "Each answer must be JSON that fulfils it. Empty: answers are compared with the form that most of them have.",
    )
    near_threshold: float = positioned(
        0.9,
        5,
        "Near-same prompts from (Jaccard, 0 to 1)",
        "Share of common word runs from which two prompts should have the same answer.",
        ge=0.5,
        le=1,
    )
    warn_label_noise: float = positioned(
        0.01, 6, "Warn above this share of contradicting rows", "Equal or near-same prompts, other answers.", ge=0, le=1
    )
    max_label_noise: float = positioned(1.0, 7, "Stop above this share of contradicting rows", NEVER, ge=0, le=1)
    warn_drift: float = positioned(
        0.02, 8, "Warn above this share of answers of another form", "Other than the schema's or the usual.", ge=0, le=1
    )
    max_drift: float = positioned(1.0, 9, "Stop above this share of answers of another form", NEVER, ge=0, le=1)
    warn_refusals: float = positioned(
        0.01, 10, "Warn above this share of refusals", "Answers that decline the task.", ge=0, le=1
    )
    max_refusals: float = positioned(1.0, 11, "Stop above this share of refusals", NEVER, ge=0, le=1)
    max_personal_data: float = positioned(
        1.0,
        12,
        "Stop above this share of rows with personal data",
        f"Rows that screening kept unmasked; any is a warning. {NEVER}",
        ge=0,
        le=1,
    )
    warn_imbalance: float = positioned(
        10.0, 13, "Warn above this imbalance", "Rows of the largest class by rows of the smallest.", ge=1
    )
    warn_length_effect: float = positioned(
        0.5,
        14,
        "Warn from this length effect (0 to 1)",
        "Rank-biserial correlation of answer length: a class against the others, or chosen against rejected answers. "
        "0: no difference, 1: every answer is longer.",
        ge=0,
        le=1,
    )

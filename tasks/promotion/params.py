"""What may become a release, and what a release says of itself."""

from tasks.store.params import Params, positioned


class PromotionParams(Params):
    """Parameters of promotion."""

    allow_unproven: bool = positioned(
        False,
        0,
        "Release without a live server's proof",
        "Off: a model is released only after a real vLLM server has answered from it. On: a machine without vLLM may "
        "release too. A proof that failed blocks either way.",
    )
    reason: str = positioned(
        "", 1, "Reason", "Kept in the history of the champion: why this model, for whoever asks later.", max_length=500
    )
    intended_use: str = positioned(
        "",
        2,
        "Intended use",
        "What the model is for and who uses it. Stands in the model card of the release.",
        max_length=4_000,
    )
    limitations: str = positioned(
        "",
        3,
        "Limits",
        "What the model must not be used for, and what it does badly. The card adds what the run has measured.",
        max_length=4_000,
    )
    sign: bool = positioned(
        False,
        4,
        "Sign the release",
        "On: the release's checksums are signed with the Ed25519 key whose file the worker's environment names in "
        "FINETUNE_FLOWS_SIGNING_KEY.",
    )

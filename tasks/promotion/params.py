"""What may become a release."""

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

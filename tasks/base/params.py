"""Which model is tuned."""

from tasks.store.params import Params, positioned

EMBEDDED = "embedded:smollm2-135m-instruct"
EMBEDDED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"


class BaseParams(Params):
    """Parameters of the base model."""

    model: str = positioned(
        EMBEDDED,
        0,
        "Base model",
        "The embedded model, a folder below the allowed roots, or a Hugging Face id such as org/name.",
        min_length=1,
    )
    revision: str = positioned(
        "main", 1, "Revision", "Branch, tag or commit of a Hugging Face id; the commit found is recorded.", min_length=1
    )

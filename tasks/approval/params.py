"""Whether a person decides about a model that passed."""

from typing import Literal

from tasks.store.params import Params, positioned


class ApprovalParams(Params):
    """Parameters of the human gate."""

    mode: Literal["off", "required"] = positioned(
        "off",
        0,
        "A person must approve",
        "required: a model that passed is kept back until somebody approves it in the UI (the suspended run's Resume); "
        "the run must be started from its deployment. off: nobody is asked.",
    )
    timeout_hours: float = positioned(
        72.0, 1, "Time to answer (hours)", "Without an answer by then, the model is rejected.", ge=0.01, le=2160
    )

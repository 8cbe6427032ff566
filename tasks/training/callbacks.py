"""What happens while TRL trains: progress for the operator, a stop when asked, markers on checkpoints."""

import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasks.errors import FinetuneError
from tasks.runtime.child import Events, StopFlag
from tasks.training.checkpoints import mark_complete

REPORT_EVERY_S = 5.0


class FollowCallback(TrainerCallback):  # type: ignore[misc]
    """Reports steps and losses, ends training when the parent asks for it, marks checkpoints as whole."""

    def __init__(self, events: Events, stop: StopFlag) -> None:
        self.events = events
        self.stop = stop
        self.loss = math.nan
        self.started = time.monotonic()
        self.first_step: int | None = None
        self.reported = 0.0

    def on_step_end(self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report now and then; turn a stop request into a checkpoint and an end."""
        if self.first_step is None:
            self.first_step = state.global_step - 1
        now = time.monotonic()
        if now - self.reported >= REPORT_EVERY_S or state.global_step == state.max_steps:
            self.reported = now
            self.events.progress(self._sentence(state, now), state.global_step, state.max_steps, loss=self.loss)
        if self.stop.set:
            control.should_save = control.should_training_stop = True

    def _sentence(self, state: TrainerState, now: float) -> str:
        done = state.global_step - (self.first_step or 0)
        left = (now - self.started) / max(1, done) * (state.max_steps - state.global_step)
        loss = "" if math.isnan(self.loss) else f", loss {self.loss:.3f}"
        return f"step {state.global_step} of {state.max_steps}{loss}, about {left / 60:.1f} min left at most"

    def on_log(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        """Keep the newest loss; a loss that is no number ends the run at once."""
        if not logs or "loss" not in logs:
            return
        self.loss = float(logs["loss"])
        if not math.isfinite(self.loss):
            raise FinetuneError(
                f"the training loss is {self.loss} at step {state.global_step}. Lower training.learning_rate, or "
                "choose compute_dtype bfloat16 or float32."
            )

    def on_evaluate(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, metrics: Any = None, **_: Any
    ) -> None:
        """Report the validation loss."""
        loss = (metrics or {}).get("eval_loss")
        if loss is not None:
            self.events.progress(
                f"validation loss {loss:.3f} at step {state.global_step}",
                state.global_step,
                state.max_steps,
                validation_loss=loss,
            )

    def on_save(self, args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any) -> None:
        """Mark the checkpoint: everything it needs has been written by now."""
        mark_complete(Path(args.output_dir or ".") / f"checkpoint-{state.global_step}")

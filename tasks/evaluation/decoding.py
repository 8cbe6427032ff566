"""The loop that writes a batch's greedy answers, and lets finished rows leave it.

transformers prepares everything (cache, masks, positions, logits processors of the model's own generation config) and
calls this loop in place of its own (`generate(custom_generate=...)`), which keeps every row until the last one ends.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

LEAVE_FROM = 0.25
"""Share of a batch that has ended before it is left behind: each time, the rest of the cache is copied once."""


class Constraint(Protocol):
    """What an answer may be made of, token by token."""

    def mask(self, scores: "torch.Tensor", rows: Sequence[int]) -> None:
        """Set the scores of tokens that may not follow to minus infinity, in place.

        Args:
            scores: Shape [live rows, vocabulary].
            rows: Which row of the batch each line is.
        """

    def take(self, row: int, token: int) -> None:
        """Note the token that a row goes on with."""


class Loop:
    """Greedy decoding of one batch.

    Args:
        ends: Tokens that end an answer.
        limit: Most tokens of an answer.
        on_step: Called before each token with the number of tokens so far.
        constraint: What answers may be made of; None: anything.
    """

    def __init__(
        self, ends: set[int], limit: int, on_step: Callable[[int], None], constraint: Constraint | None = None
    ) -> None:
        self.ends = ends
        self.limit = limit
        self.on_step = on_step
        self.constraint = constraint
        self.written: list[list[int]] = []
        self.row_steps = 0

    def __call__(
        self,
        model: Any,
        input_ids: "torch.Tensor",
        logits_processor: Any,
        stopping_criteria: Any,  # noqa: ARG002 - transformers hands it over; ends and limit say the same
        generation_config: Any,
        **state: Any,
    ) -> "torch.Tensor":
        """Write the answers into `written`, end tokens included; return the prompts, for something must be returned."""
        import torch

        prompts = input_ids
        state.pop("synced_gpus", None)
        self.written = [[] for _row in range(len(input_ids))]
        rows = list(range(len(input_ids)))
        ended: set[int] = set()
        outputs = model._prefill(input_ids, generation_config, state)
        for step in range(self.limit):
            self.on_step(step)
            state = model._update_model_kwargs_for_generation(outputs, state)
            scores = logits_processor(input_ids, outputs.logits[:, -1].float())
            if self.constraint:
                self.constraint.mask(scores, rows)
            chosen = scores.argmax(-1)
            self.row_steps += len(rows)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if row not in ended:
                    self._take(row, token, ended)
            live = [at for at, row in enumerate(rows) if row not in ended]
            if not live or step + 1 == self.limit:
                break
            input_ids = torch.cat([input_ids, chosen[:, None]], dim=1)
            if len(live) <= len(rows) * (1 - LEAVE_FROM):
                kept = torch.tensor(live, device=input_ids.device)
                input_ids = input_ids[kept]
                state = _keep(state, kept, len(rows))
                rows = [rows[at] for at in live]
            given = model.prepare_inputs_for_generation(input_ids, next_sequence_length=1, **state)
            outputs = model(**given, return_dict=True)
        return prompts

    def _take(self, row: int, token: int, ended: set[int]) -> None:
        self.written[row].append(token)
        if token in self.ends:
            ended.add(row)
        elif self.constraint:
            self.constraint.take(row, token)


def _keep(state: dict[str, Any], kept: "torch.Tensor", count: int) -> dict[str, Any]:
    """Leave the rows that are not kept out of cache, mask and positions."""
    import torch

    state["past_key_values"].batch_select_indices(kept)
    per_row = {
        name: value[kept]
        for name, value in state.items()
        if isinstance(value, torch.Tensor) and value.dim() > 1 and len(value) == count
    }
    return state | per_row

"""Greedy answers in batches of similar length."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.evaluation.items import TaskItem
from tasks.rendering.templates import end_of_turn


@dataclass(frozen=True)
class Answer:
    """What a model wrote.

    Attributes:
        text: Without special tokens.
        cut: It ended at the limit, not at an end-of-turn token.
    """

    text: str
    cut: bool


class _Steps:
    """Stands where transformers expects a streamer: told of each new token, it reports how far a batch is."""

    def __init__(self, finished: int, on_step: Callable[[int, int], None]) -> None:
        self.finished = finished
        self.on_step = on_step
        self.step = 0

    def put(self, _tokens: Any) -> None:
        # The first call brings the prompts.
        self.on_step(self.finished, self.step)
        self.step += 1

    def end(self) -> None:
        pass


def generate(
    model: Any,
    tokenizer: Any,
    items: Sequence[TaskItem],
    *,
    batch_size: int,
    max_new_tokens: int,
    on_step: Callable[[int, int], None],
) -> list[Answer]:
    """Return each item's answer, in the order of the items.

    Args:
        model: In evaluation mode.
        tokenizer: Gives the padding token.
        items: Any order; batches are made by length, so that little is computed for padding.
        batch_size: Most items at once; batches are made even, for a small last one costs as many steps as a full one.
        max_new_tokens: Limit of an answer.
        on_step: Called after each token with the number of finished items and the tokens of the batch in work.
    """
    import torch

    order = sorted(range(len(items)), key=lambda at: (len(items[at].tokens), at))
    ends = end_tokens(model, tokenizer)
    answers: dict[int, Answer] = {}
    size = math.ceil(len(order) / math.ceil(len(order) / batch_size))
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        width = max(len(items[at].tokens) for at in batch)
        ids = torch.full((len(batch), width), tokenizer.pad_token_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for line, at in enumerate(batch):
            # Padding goes to the left: an answer follows its prompt without a gap.
            ids[line, width - len(items[at].tokens) :] = torch.tensor(items[at].tokens)
            mask[line, width - len(items[at].tokens) :] = 1
        with torch.inference_mode():
            written = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                do_sample=False,
                num_beams=1,
                # A model's own generation config may sample; these would then be warned about as unused.
                temperature=None,
                top_p=None,
                top_k=None,
                max_new_tokens=max_new_tokens,
                eos_token_id=sorted(ends),
                pad_token_id=tokenizer.pad_token_id,
                streamer=_Steps(start, on_step),
            )
        for at, line in zip(batch, written[:, width:].tolist(), strict=True):
            answers[at] = _answer(tokenizer, line, ends)
    return [answers[at] for at in range(len(items))]


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens an answer ends with: the tokenizer's, the model's generation config's, the chat template's."""
    configured = model.generation_config.eos_token_id
    ends = set(configured) if isinstance(configured, list) else {configured}
    if (turn := end_of_turn(tokenizer)) is not None:
        ends.add(tokenizer.convert_tokens_to_ids(turn))
    return {token for token in ends | {tokenizer.eos_token_id} if token is not None}


def _answer(tokenizer: Any, tokens: list[int], ends: set[int]) -> Answer:
    stop = next((at for at, token in enumerate(tokens) if token in ends), None)
    return Answer(tokenizer.decode(tokens[:stop], skip_special_tokens=True), cut=stop is None)

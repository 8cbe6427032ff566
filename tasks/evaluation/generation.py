"""Greedy answers in batches of similar length."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.evaluation.decoding import Constraint, Loop
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


def generate(
    model: Any,
    tokenizer: Any,
    items: Sequence[TaskItem],
    *,
    batch_size: int,
    batch_tokens: int,
    max_new_tokens: int,
    on_step: Callable[[int, int], None],
    constrain: Callable[[int], Constraint] | None = None,
) -> list[Answer]:
    """Return each item's answer, in the order of the items.

    Args:
        model: In evaluation mode.
        tokenizer: Gives the padding token.
        items: Their prompts are sorted by length, so that little is computed for padding.
        batch_size: Most items at once.
        batch_tokens: Most tokens at once, padding and answers at their longest included: this bounds the cache.
        max_new_tokens: Limit of an answer.
        on_step: Called before each token with the number of finished items and the token of the batch in work.
        constrain: Makes the constraint of a batch of so many rows; None: answers are free.
    """
    import torch

    ends = end_tokens(model, tokenizer)
    answers: dict[int, Answer] = {}
    for batch in plan([len(item.tokens) for item in items], batch_size, batch_tokens, max_new_tokens):
        ids, mask = _pad([items[at].tokens for at in batch], tokenizer.pad_token_id)
        done = len(answers)
        loop = Loop(
            ends,
            max_new_tokens,
            lambda step, done=done: on_step(done, step),  # type: ignore[misc]
            constrain(len(batch)) if constrain else None,
        )
        with torch.inference_mode():
            model.generate(
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
                custom_generate=loop,
            )
        for at, tokens in zip(batch, loop.written, strict=True):
            answers[at] = to_answer(tokenizer, tokens, ends, cut=not ends.intersection(tokens))
    return [answers[at] for at in range(len(items))]


def plan(lengths: Sequence[int], batch_size: int, batch_tokens: int, max_new_tokens: int) -> list[list[int]]:
    """Return which prompts are answered together.

    The longest come first, so that memory that does not suffice shows at once. Batches are made even, for a small last
    one costs as many steps as a full one.

    Args:
        lengths: Tokens of each prompt.
        batch_size: Most prompts at once.
        batch_tokens: Most tokens at once; a prompt that is over it alone is asked alone.
        max_new_tokens: What each answer may take.
    """
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))
    batches = []
    while order:
        most = min(batch_size, max(1, batch_tokens // (lengths[order[0]] + max_new_tokens)))
        size = math.ceil(len(order) / math.ceil(len(order) / most))
        batches.append(order[:size])
        order = order[size:]
    return batches


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens an answer ends with: the tokenizer's, the model's generation config's, the chat template's."""
    configured = model.generation_config.eos_token_id
    return ends_of(tokenizer, configured if isinstance(configured, list) else [configured])


def ends_of(tokenizer: Any, configured: Sequence[int | None]) -> set[int]:
    """Return the tokens an answer ends with, those of a generation config given."""
    ends = {*configured, tokenizer.eos_token_id}
    if (turn := end_of_turn(tokenizer)) is not None:
        ends.add(tokenizer.convert_tokens_to_ids(turn))
    return {token for token in ends if token is not None}


def _pad(prompts: Sequence[Sequence[int]], pad: int) -> tuple[Any, Any]:
    """Return ids and mask, both of shape [prompts, longest]."""
    import torch

    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, tokens in enumerate(prompts):
        # Padding goes to the left: an answer follows its prompt without a gap.
        ids[line, width - len(tokens) :] = torch.tensor(tokens)
        mask[line, width - len(tokens) :] = 1
    return ids, mask


def to_answer(tokenizer: Any, tokens: Sequence[int], ends: set[int], *, cut: bool) -> Answer:
    """Return written tokens as text, up to the first that ends it."""
    stop = next((at for at, token in enumerate(tokens) if token in ends), len(tokens))
    return Answer(tokenizer.decode(tokens[:stop], skip_special_tokens=True), cut=cut)

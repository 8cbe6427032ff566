"""How likely a model finds the answers it is offered, without ever holding the logits of whole prompts.

lm-evaluation-harness computes logits and their softmax at each place of each prompt, shape [batch, tokens, vocabulary],
and throws nearly all away: 32 prompts of 1,000 tokens at a vocabulary of 128,000 are 16 GB for each of the two. Here
the model is asked for the logits at the answers' places only (`logits_to_keep`).
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

LOGIT_BYTES = 256 << 20
"""Most bytes of logits at once, float32; a single prompt whose answer takes more is computed all the same."""

Pair = tuple[list[int], list[int]]
"""Tokens of a context and of its continuation; neither is empty."""


@dataclass(frozen=True)
class Scored:
    """What a model thinks of a continuation.

    Attributes:
        value: Its log-probability, nats.
        greedy: The model would have written just this.
    """

    value: float
    greedy: bool


@dataclass(frozen=True)
class _Input:
    """What is given to the model once, for all continuations that differ in their last token alone.

    Attributes:
        tokens: Context and continuations, without the last token.
        wanted: Place of the pair, and its continuation; all end at the input's last place.
    """

    tokens: tuple[int, ...]
    wanted: list[tuple[int, list[int]]]

    @property
    def first(self) -> int:
        """The first place whose logits are wanted."""
        return len(self.tokens) - max(len(tokens) for _at, tokens in self.wanted)


def log_likelihoods(
    model: Any,
    pairs: Sequence[Pair],
    *,
    context: int,
    batch_size: int,
    batch_tokens: int,
    on_answer: Callable[[int, Scored], None],
) -> list[Scored]:
    """Return what a model thinks of each continuation.

    Args:
        model: A causal language model in evaluation mode.
        pairs: Contexts with continuations.
        context: Most tokens the model reads; longer pairs lose tokens on the left, as in the harness.
        batch_size: Most inputs at once.
        batch_tokens: Most tokens at once, padding included.
        on_answer: Called with each pair's place and result as it is known.
    """
    import torch

    keeps = "logits_to_keep" in inspect.signature(_unwrapped(model).forward).parameters
    vocabulary = model.get_output_embeddings().weight.shape[0]
    found: dict[int, Scored] = {}
    for batch in _batches(_inputs(pairs, context), batch_size, batch_tokens, LOGIT_BYTES // (4 * vocabulary), keeps):
        width, first = len(batch[0].tokens), min(given.first for given in batch)
        # Padding goes to the right: a causal model never looks there, so neither mask nor positions are needed.
        ids = torch.tensor([[*given.tokens, *[0] * (width - len(given.tokens))] for given in batch])
        places = torch.arange(first, width, device=model.device)
        with torch.inference_mode():
            kept = {"logits_to_keep": places} if keeps else {}
            logits = model(input_ids=ids.to(model.device), use_cache=False, **kept).logits
        logits = logits if keeps else logits[:, first:]
        for line, given in enumerate(batch):
            for at, tokens in given.wanted:
                stop = len(given.tokens) - first
                found[at] = _score(logits[line, stop - len(tokens) : stop], tokens)
                on_answer(at, found[at])
        del logits
    return [found[at] for at in range(len(pairs))]


def _unwrapped(model: Any) -> Any:
    """Return the model below an adapter: PEFT's own `forward` names no arguments."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _inputs(pairs: Sequence[Pair], context: int) -> list[_Input]:
    """Return what is to be computed, the longest first."""
    shared: dict[tuple[int, ...], _Input] = {}
    for at, (before, after) in enumerate(pairs):
        tokens = tuple([*before, *after][-(context + 1) :][:-1])
        shared.setdefault(tokens, _Input(tokens, [])).wanted.append((at, after))
    return sorted(shared.values(), key=lambda given: (-len(given.tokens), given.tokens))


def _batches(
    inputs: Sequence[_Input], batch_size: int, batch_tokens: int, most_logits: int, keeps: bool
) -> Iterator[list[_Input]]:
    batch: list[_Input] = []
    for given in inputs:
        wider = [*batch, given]
        width = len(wider[0].tokens)
        kept = width - (min(one.first for one in wider) if keeps else 0)
        over = len(wider) > batch_size or len(wider) * width > batch_tokens or len(wider) * kept > most_logits
        if batch and over:
            yield batch
            wider = [given]
        batch = wider
    if batch:
        yield batch


def _score(logits: Any, tokens: list[int]) -> Scored:
    """Score a continuation; logits of shape [its tokens, vocabulary]."""
    import torch

    wanted = torch.tensor(tokens, device=logits.device)
    chosen = torch.log_softmax(logits.float(), dim=-1).gather(1, wanted[:, None])
    return Scored(float(chosen.sum()), bool((logits.argmax(-1) == wanted).all()))

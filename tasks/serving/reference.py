"""What transformers answers to a probe: the text a server is held to."""

from dataclasses import dataclass
from typing import Any

from tasks.merging.asking import greedy
from tasks.merging.probes import Probe, token_ids


@dataclass(frozen=True)
class Reference:
    """The greedy answer to one probe.

    Attributes:
        prompt_ids: The prompt's token ids, shape [tokens].
        ids: The answer's token ids, shape [answer].
        text: The answer as a client sees it.
        logprobs: Log-probabilities of every token at each step of the answer and the one after it, nats,
            shape [answer + 1, vocabulary].
    """

    prompt_ids: list[int]
    ids: list[int]
    text: str
    logprobs: Any


def reference(model: Any, tokenizer: Any, probe: Probe, tokens: int) -> Reference:
    """Answer one probe greedily, in the model's own folder and in float32."""
    import torch

    prompt_ids = token_ids(tokenizer, probe)
    ids = greedy(model, tokenizer, probe, tokens)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt_ids + ids])).logits[0, len(prompt_ids) - 1 :]
    return Reference(prompt_ids, ids, tokenizer.decode(ids, skip_special_tokens=True), logits.float().log_softmax(-1))

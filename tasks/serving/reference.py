"""What transformers answers to a probe: the text a server is held to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.inference.client import Question
from tasks.merging.asking import greedy, load
from tasks.merging.probes import Probe, token_ids
from tasks.store.records import turn_text


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


@dataclass(frozen=True)
class Case:
    """A probe and what a server must answer.

    Attributes:
        probe: The probe.
        known: The answer of transformers.
    """

    probe: Probe
    known: Reference

    @property
    def question(self) -> Question:
        """The probe as the client asks it."""
        return Question(self.known.prompt_ids, self.probe.messages, self.probe.text, self.probe.tools)

    @property
    def prompt(self) -> str:
        """The prompt's last words, for people."""
        return turn_text(self.probe.messages[-1]) if self.probe.messages else self.probe.text


def cases(
    folder: Path, probes: list[Probe], tokens: int, step: Callable[[str], None], adapter: Path | None = None
) -> list[Case]:
    """Return what a model folder answers to every probe.

    Args:
        folder: The model's.
        probes: What is asked.
        tokens: The most tokens of an answer.
        step: Told of every answer; may raise to give up.
        adapter: A PEFT adapter to put on the model.
    """
    tokenizer, model = load(folder)
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).eval()
    found = []
    for index, probe in enumerate(probes):
        found.append(Case(probe, reference(model, tokenizer, probe, tokens)))
        step(f"transformers answered probe {index + 1} of {len(probes)}")
    return found


def reference(model: Any, tokenizer: Any, probe: Probe, tokens: int) -> Reference:
    """Answer one probe greedily, in the model's own folder and in float32."""
    import torch

    prompt_ids = token_ids(tokenizer, probe)
    ids = greedy(model, tokenizer, probe, tokens)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt_ids + ids])).logits[0, len(prompt_ids) - 1 :]
    return Reference(prompt_ids, ids, tokenizer.decode(ids, skip_special_tokens=True), logits.float().log_softmax(-1))

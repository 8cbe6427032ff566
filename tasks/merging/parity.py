"""Parity: base + adapter against the merged model as it lies on disk, on the same probes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.merging.asking import greedy, keep, load, logits, recall
from tasks.merging.figures import Distance, misses, rounded, thresholds
from tasks.merging.params import MergingParams
from tasks.merging.probes import Probe

OnProbe = Callable[[str, int], None]


@dataclass
class Proof:
    """One parity proof: what is compared, and how.

    Attributes:
        base: The base model's folder.
        training: The training's artefact: `adapter/`, and the chat template it was trained with.
        probes: Prompts with their expected answers.
        params: Limits and sizes.
        scratch: Holds one model's logits while the next is loaded: only one model is in memory at a time.
        on_probe: Told which model is at which probe.
        effect: How far the adapter moves the base: the measure of all differences.
        answers: Greedy answers of base + adapter.
    """

    base: Path
    training: Path
    probes: list[Probe]
    params: MergingParams
    scratch: Path
    on_probe: OnProbe = lambda _what, _done: None
    effect: Distance = field(default_factory=Distance)
    answers: list[str] = field(default_factory=list)

    def measure(self, model: Path, dtype: str, quantised: str | None = None) -> dict[str, Any]:
        """Return the figures of a merged model, with the limits they are held to.

        Args:
            model: The merged model's folder; it is read afresh.
            dtype: The merged weights' dtype, which decides the limits.
            quantised: Compute dtype of the training if its base was quantised (NF4): the gap to that is measured too.
        """
        self._ask_tuned()
        if quantised:
            self._ask_quantised(quantised)
        near, gap, equal = self._ask_merged(model, quantised=bool(quantised))
        effect = self.effect.mean
        found = {
            **near.figures(),
            "greedy_equal": rounded(equal / len(self.probes)),
            # An adapter without any effect has nothing to be measured against; then only no difference will do.
            "relative_difference": rounded(near.mean / effect) if effect else near.mean * 1e9,
        }
        limits = thresholds(self.params, dtype)
        missed = misses(found, limits)
        return {
            "probes": len(self.probes),
            "positions": near.positions,
            **found,
            "dtype": dtype,
            "thresholds": limits,
            "missed": missed,
            "passed": not missed,
            "adapter_effect": self.effect.figures(),
            "quantisation_gap": gap.figures() if gap else None,
        }

    def _ask_tuned(self) -> None:
        from peft import PeftModel

        tokenizer, plain = load(self.base, self.training)
        model = PeftModel.from_pretrained(plain, str(self.training / "adapter")).eval()
        for index, probe in enumerate(self.probes):
            self.on_probe("base + adapter", index)
            found = logits(model, tokenizer, probe)
            with model.disable_adapter():
                self.effect.add(found, logits(model, tokenizer, probe))
            keep(self.scratch / "adapter", index, found)
            ids = greedy(model, tokenizer, probe, self.params.greedy_tokens)
            self.answers.append(tokenizer.decode(ids))

    def _ask_quantised(self, compute: str) -> None:
        """Ask the adapter on the base as QLoRA training saw it: NF4 with double quantisation."""
        import torch
        from peft import PeftModel
        from transformers import BitsAndBytesConfig

        dtype = getattr(torch, compute)
        nf4 = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        tokenizer, plain = load(self.base, self.training, dtype=dtype, quantization_config=nf4)
        model = PeftModel.from_pretrained(plain, str(self.training / "adapter")).eval()
        for index, probe in enumerate(self.probes):
            self.on_probe("quantised base + adapter", index)
            keep(self.scratch / "quantised", index, logits(model, tokenizer, probe))

    def _ask_merged(self, folder: Path, *, quantised: bool) -> tuple[Distance, Distance | None, int]:
        tokenizer, model = load(folder)
        near, gap, equal = Distance(), Distance() if quantised else None, 0
        for index, probe in enumerate(self.probes):
            self.on_probe("merged model, read from disk", index)
            found = logits(model, tokenizer, probe)
            near.add(recall(self.scratch / "adapter", index), found)
            if gap is not None:
                gap.add(recall(self.scratch / "quantised", index), found)
            ids = greedy(model, tokenizer, probe, self.params.greedy_tokens)
            equal += tokenizer.decode(ids) == self.answers[index]
        return near, gap, equal


def check_parity(figures: dict[str, Any]) -> None:
    """Raise when a figure misses its limit.

    Raises:
        ProofError: With every figure and its limit.
    """
    if figures["missed"]:
        lines = [
            f"  {name}: {figures[name]:.4g} (limit {limit:.4g}){' <- missed' if name in figures['missed'] else ''}"
            for name, limit in figures["thresholds"].items()
        ]
        raise ProofError(
            "the merged model does not answer as base + adapter do:\n"
            + "\n".join(lines)
            + "\nIt is not released. Look at what trained the adapter (its scale, its base), or raise the limit in "
            "merging if it is too tight for this model."
        )


def check_delta(delta: dict[str, float]) -> None:
    """Raise when the merge changed nothing.

    Raises:
        ProofError: The adapter is empty, or its change is smaller than the base's rounding everywhere.
    """
    if not delta["changed_share"]:
        raise ProofError(
            f"merging changed no weight: the adapter's change has a relative norm of {delta['intended_norm']:.3g} "
            "before rounding. The adapter is untrained, or trained too little for 16-bit weights to show it: train "
            "longer or with a higher learning rate."
        )

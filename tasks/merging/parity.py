"""Parity: base + adapter against the merged model as it lies on disk, on the same probes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.merging.asking import greedy, keep, load, load_quantised, logits, recall
from tasks.merging.figures import Distance, misses, rounded, thresholds
from tasks.merging.params import MergingParams
from tasks.merging.probes import Probe
from tasks.merging.score import task_score

REFERENCES = {"16-bit": "16-bit base + adapter", "dequantised": "NF4 base + adapter"}
OnProbe = Callable[[str, int], None]


@dataclass
class Proof:
    """One parity proof: what is compared, and how.

    Attributes:
        base: The base model's folder.
        training: The training's artefact: `adapter/`, and the chat template it was trained with.
        probes: Prompts with their expected answers.
        params: Limits and sizes, and which base was merged.
        scratch: Holds a model's logits while the next is loaded: only one model is in memory at a time.
        on_probe: Told which model is at which probe.
        effect: How far the adapter moves the 16-bit base: the measure of all differences.
        answers: Greedy answers of what the merged model is held to.
    """

    base: Path
    training: Path
    probes: list[Probe]
    params: MergingParams
    scratch: Path
    on_probe: OnProbe = lambda _what, _done: None
    effect: Distance = field(default_factory=Distance)
    answers: list[str] = field(default_factory=list)

    def measure(self, model: Path, dtype: str, *, quantised: bool = False) -> dict[str, Any]:
        """Return the figures of a merged model, with the limits they are held to.

        The merged model is held to base + adapter, with the base that it was merged into. If training saw an NF4 base,
        the distance to that is measured too; if it was merged into that, the distance to the 16-bit base + adapter,
        which is what evaluation scored.

        Args:
            model: The merged model's folder; it is read afresh.
            dtype: The merged weights' dtype, which decides the limits.
            quantised: Whether training saw an NF4 base.
        """
        self._ask_tuned()
        if quantised:
            self._ask_quantised()
        sixteen, nf4, said = self._ask_merged(model, quantised=quantised)
        near = nf4 if nf4 and self._dequantised else sixteen
        scores = [self._scores(self.answers), self._scores(said)]
        effect = self.effect.mean
        found = {
            **near.figures(),
            "greedy_equal": rounded(_share(self.answers, said)),
            "task_score_equal": rounded(_share(*scores)),
            # An adapter without any effect has nothing to be measured against; then only no difference will do.
            "relative_difference": rounded(near.mean / effect) if effect else near.mean * 1e9,
        }
        limits = thresholds(self.params, dtype)
        missed = misses(found, limits)
        return {
            "probes": len(self.probes),
            "positions": near.positions,
            "reference": REFERENCES[self.params.base],
            **found,
            "task_score": {
                name: rounded(sum(values) / len(values))
                for name, values in zip(("reference", "merged"), scores, strict=True)
            },
            "dtype": dtype,
            "thresholds": limits,
            "missed": missed,
            "passed": not missed,
            "adapter_effect": self.effect.figures(),
            "quantisation_gap": nf4.figures() if nf4 else None,
            "evaluated_gap": sixteen.figures() if self._dequantised else None,
        }

    @property
    def _dequantised(self) -> bool:
        return self.params.base == "dequantised"

    def _scores(self, texts: list[str]) -> list[float]:
        return [task_score(text, probe.answer) for text, probe in zip(texts, self.probes, strict=True)]

    def _ask_tuned(self) -> None:
        from peft import PeftModel

        tokenizer, plain = load(self.base, self.training)
        # The bare base is asked first: switching an adapter off does not bring trained biases back.
        for index, probe in enumerate(self.probes):
            self.on_probe("base", index)
            keep(self.scratch / "base", index, logits(plain, tokenizer, probe))
        model = PeftModel.from_pretrained(plain, str(self.training / "adapter")).eval()
        for index, probe in enumerate(self.probes):
            self.on_probe("base + adapter", index)
            found = logits(model, tokenizer, probe)
            self.effect.add(found, recall(self.scratch / "base", index))
            keep(self.scratch / "adapter", index, found)
            if not self._dequantised:
                self._answer(model, tokenizer, probe)

    def _ask_quantised(self) -> None:
        """Ask the adapter on the base as QLoRA training saw it: NF4 with double quantisation."""
        from peft import PeftModel

        tokenizer, plain = load_quantised(self.base, self.training)
        model = PeftModel.from_pretrained(plain, str(self.training / "adapter")).eval()
        for index, probe in enumerate(self.probes):
            self.on_probe("quantised base + adapter", index)
            keep(self.scratch / "quantised", index, logits(model, tokenizer, probe))
            if self._dequantised:
                self._answer(model, tokenizer, probe)

    def _answer(self, model: Any, tokenizer: Any, probe: Probe) -> None:
        self.answers.append(tokenizer.decode(greedy(model, tokenizer, probe, self.params.greedy_tokens)))

    def _ask_merged(self, folder: Path, *, quantised: bool) -> tuple[Distance, Distance | None, list[str]]:
        tokenizer, model = load(folder)
        sixteen, nf4, said = Distance(), Distance() if quantised else None, []
        for index, probe in enumerate(self.probes):
            self.on_probe("merged model, read from disk", index)
            found = logits(model, tokenizer, probe)
            sixteen.add(recall(self.scratch / "adapter", index), found)
            if nf4 is not None:
                nf4.add(recall(self.scratch / "quantised", index), found)
            said.append(tokenizer.decode(greedy(model, tokenizer, probe, self.params.greedy_tokens)))
        return sixteen, nf4, said


def _share(left: Sequence[Any], right: Sequence[Any]) -> float:
    """Return the share of equal entries of two lists of the same length."""
    equal = [bool(one == other) for one, other in zip(left, right, strict=True)]
    return sum(equal) / len(equal)


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

"""TRL's SFT trainer, with the output layer kept to the positions that loss is taken on.

TRL's fused output layer does that too, but only where Triton runs; on a CPU it projects every position onto the whole
vocabulary, forwards and backwards, which takes about half of a step of a small model. Loaded in the child process only.
"""

from typing import Any

import torch
from trl import SFTTrainer

from tasks.rendering.chat import IGNORED


def plain_head(causal: Any) -> bool:
    """Return whether a model's logits are its output layer's values as they are.

    Some architectures cap or scale them, or call their backbone otherwise; TRL knows each of them, so it does those.
    """
    config = causal.config.get_text_config()
    scales = [getattr(config, name, None) for name in ("logits_scaling", "logit_scale", "lm_head_multiplier")]
    capped = getattr(config, "final_logit_softcapping", None) is not None
    return isinstance(getattr(causal, "model", None), torch.nn.Module) and not capped and set(scales) <= {None, 1}


class CpuSFTTrainer(SFTTrainer):  # type: ignore[misc]
    """`SFTTrainer` for CPUs: the same loss as TRL's `nll`, without its side metrics (entropy, token accuracy)."""

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Return the mean negative log-likelihood of the supervised tokens.

        Args:
            model: The PEFT model around a causal language model.
            inputs: `input_ids`, `labels`, and `attention_mask` or (packed rows) `position_ids`, each of shape
                [rows, tokens].
            return_outputs: Must be False: nothing here wants logits.
            num_items_in_batch: Supervised tokens of the whole optimiser step, when it has several batches.
        """
        if return_outputs:
            raise ValueError("the logits of all positions are not computed here")
        causal = model.get_base_model()
        hidden = causal.model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs.get("attention_mask"),
            position_ids=inputs.get("position_ids"),
            use_cache=False,
        ).last_hidden_state
        labels = inputs["labels"][:, 1:]
        supervised = labels != IGNORED
        logits = causal.get_output_embeddings()(hidden[:, :-1][supervised]).float()
        total = torch.nn.functional.cross_entropy(logits, labels[supervised], reduction="sum")
        count = supervised.sum() if num_items_in_batch is None else torch.as_tensor(num_items_in_batch)
        return total / count.clamp(min=1)

"""The model to be measured: the base in full or half precision, with the adapter on or without one."""

import warnings
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.rendering.templates import apply_template


def load_model(folder: Path, template: Path, adapter: Path | None) -> tuple[Any, Any, int]:
    """Load a base model, its tokenizer, and put an adapter on it.

    On a GPU the weights keep the type they are stored in; on a CPU they are float32, which is both the fastest there
    and the same arithmetic on every machine.

    Args:
        folder: The base model.
        template: An artefact with the chat template that the model is asked with.
        adapter: Folder that PEFT wrote, or None for the base alone.

    Returns:
        Model, tokenizer, and the number of layers the adapter changes (0 without one).
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cuda = torch.cuda.is_available()
    tokenizer = apply_template(AutoTokenizer.from_pretrained(folder, trust_remote_code=False), template)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype="auto" if cuda else torch.float32,
        device_map={"": 0 if cuda else "cpu"},
        use_safetensors=True,
        trust_remote_code=False,
    )
    layers = 0
    if adapter is not None:
        model, layers = put_on(model, adapter)
    return model.eval(), tokenizer, layers


def put_on(model: Any, adapter: Path) -> tuple[Any, int]:
    """Put an adapter on a model and count the layers it changes.

    Raises:
        ProofError: None at all, or weights of the adapter are missing: the base would be measured under its name.
    """
    from peft import PeftModel
    from peft.tuners.tuners_utils import BaseTunerLayer

    with warnings.catch_warnings():
        # PEFT only warns when the file lacks weights the config promises, and leaves them as if untrained.
        warnings.filterwarnings("error", message=".*missing adapter keys")
        try:
            tuned = PeftModel.from_pretrained(model, str(adapter))
        except UserWarning as warning:
            raise ProofError(f"the adapter in {adapter} was not loaded whole: {warning}. Train again") from warning
    layers = sum(isinstance(module, BaseTunerLayer) for module in tuned.modules())
    if not layers:
        raise ProofError(f"the adapter in {adapter} changes no layer of this base: was it trained on another model?")
    return tuned, layers

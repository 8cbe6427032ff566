"""Adapters are on, whole, or refused."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tasks.errors import ProofError
from tasks.evaluation.model import load_model, put_on

# PEFT 0.21 asks transformers 5.23 for an attribute under its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def test_the_adapter_is_on_and_counted(tiny_model: Path, adapter: Path) -> None:
    model, tokenizer, layers = load_model(tiny_model, tiny_model, adapter)
    assert layers == 4
    base, _tokenizer, none = load_model(tiny_model, tiny_model, None)
    assert none == 0
    ids = tokenizer("Two boxes to Kobe", return_tensors="pt")["input_ids"]
    assert not model.training
    assert not model(ids).logits.equal(base(ids).logits)


def test_an_adapter_with_missing_weights_is_refused(tiny_model: Path, adapter: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(adapter, tmp_path / "adapter"))
    weights = load_file(broken / "adapter_model.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, broken / "adapter_model.safetensors")
    with pytest.raises(ProofError, match="not loaded whole"):
        load_model(tiny_model, tiny_model, broken)


def test_an_adapter_that_changes_no_layer_is_refused(loaded, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peft.PeftModel.from_pretrained", lambda model, _folder: model)
    with pytest.raises(ProofError, match="changes no layer"):
        put_on(loaded[0], adapter)

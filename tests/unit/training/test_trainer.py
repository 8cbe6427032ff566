"""The trainer and the quantised base, in this process: same loss as TRL's, same base before and after a validation."""

from pathlib import Path
from typing import Any

import pytest

from tasks.training.params import TrainingParams
from tasks.training.plan import Device, make_plan

pytestmark = [
    pytest.mark.integration,
    # PEFT, TRL and bitsandbytes use names that transformers 5.23 is about to drop; bitsandbytes looks for a kernel hub.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
]

CPU = Device("cpu", bfloat16=False, name="CPU")


def tuned(folder: Path, method: str) -> Any:
    from transformers import set_seed

    from tasks.training.model import add_adapter, load_base

    params = TrainingParams.model_validate({"method": method, "r": 4, "lora_dropout": 0.0, "compute_dtype": "float32"})
    model = load_base(folder, make_plan(params, CPU))
    set_seed(0)
    return add_adapter(model, params)


def batch() -> dict[str, Any]:
    import torch

    ids = torch.arange(48).reshape(2, 24) + 5
    labels = ids.clone()
    labels[0, :10] = labels[1, :17] = -100
    mask = torch.ones_like(ids)
    mask[1, 20:] = 0
    labels[1, 20:] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@pytest.mark.parametrize("items", [None, 40])
def test_the_loss_is_that_of_trl(tiny_model: Path, tmp_path: Path, items: int | None) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from tasks.training.trainer import CpuSFTTrainer

    rows = Dataset.from_list([{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}])
    losses, gradients = [], []
    for kind in (SFTTrainer, CpuSFTTrainer):
        arguments = SFTConfig(
            output_dir=str(tmp_path),
            use_cpu=True,
            bf16=False,
            report_to=[],
            gradient_checkpointing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        )
        model = tuned(tiny_model, "lora")
        trainer = kind(
            model=model,
            args=arguments,
            train_dataset=rows,
            processing_class=AutoTokenizer.from_pretrained(tiny_model),
        )
        loss = trainer.compute_loss(model, batch(), num_items_in_batch=items)
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_a_validation_leaves_the_quantised_base_as_it_was(tiny_model: Path) -> None:
    import torch

    model = tuned(tiny_model, "qlora")
    layer = next(module for module in model.modules() if type(module).__name__ == "Linear4bit")
    before = layer.weight.data.clone()
    model.eval()
    with torch.no_grad():
        model(**batch())
    model.train()
    model(**batch())
    assert torch.equal(layer.weight.data, before)


def test_only_the_adapter_is_trained_and_it_starts_as_nothing(tiny_model: Path) -> None:
    import torch

    model = tuned(tiny_model, "lora")
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    with torch.no_grad():
        adapted = model(**batch()).logits
        with model.disable_adapter():
            plain = model(**batch()).logits
    assert torch.equal(adapted, plain)

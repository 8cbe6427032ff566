"""Packed and unpacked rows: the same losses and gradients, token by token; and models that let rows see each other."""

import json
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigError
from tasks.runtime.parent import run_child
from tasks.training.arguments import total_steps
from tasks.training.card import card
from tasks.training.packing import LENGTHS, PackedCollator, check_isolation, pack, packing_figures
from tasks.training.params import TrainingParams
from tests.unit.training.test_trainer import tuned

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
]

PAD = 0
COLLATE = PackedCollator(PAD)


def documents(sizes: list[int], seed: int = 0) -> list[dict[str, list[int]]]:
    """Return rows whose first third has no labels; the first label of the third row is one that nothing predicts."""
    chosen = random.Random(seed)
    rows = []
    for number, size in enumerate(sizes):
        ids = [chosen.randrange(3, 500) for _ in range(size)]
        masked = 0 if number == 2 else max(1, size // 3)
        rows.append({"input_ids": ids, "labels": [-100] * masked + ids[masked:]})
    return rows


def dataset(rows: list[dict[str, list[int]]]) -> Any:
    from datasets import Dataset

    return Dataset.from_list(rows)


def token_losses(model: Any, batch: dict[str, Any]) -> list[float]:
    """Return the loss of each supervised token, in the order of rows."""
    import torch

    inputs = {name: value for name, value in batch.items() if name != "labels"}
    logits = model(**inputs, use_cache=False).logits[:, :-1].float()
    labels = batch["labels"][:, 1:]
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none", ignore_index=-100)
    kept: list[float] = losses[labels != -100].tolist()
    return kept


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    """Return the tiny model with an adapter that does something, in training mode."""
    import torch

    with torch.random.fork_rng():
        model = tuned(tiny_model, "lora")
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.2)
    return model.train()


def test_packed_and_unpacked_losses_are_equal_for_each_token(model: Any) -> None:
    rows = documents([9, 14, 5, 21, 1, 12])
    packed = list(pack(dataset(rows), 26))
    assert len(packed) < len(rows)
    together = token_losses(model, COLLATE(packed))
    order = [tuple(part) for row in packed for part in _parts(row)]
    alone = {tuple(row["input_ids"]): token_losses(model, _padded_batch([row])) for row in rows}
    assert together == pytest.approx(list(chain.from_iterable(alone[part] for part in order)), abs=1e-5)
    # Without isolation the same rows have other losses: the comparison above can fail.
    joined = [{"input_ids": row["input_ids"], "labels": row["labels"]} for row in packed]
    batch = COLLATE(joined) | {"labels": COLLATE(packed)["labels"]}
    seen = token_losses(model, batch)
    assert max(abs(a - b) for a, b in zip(together, seen, strict=True)) > 1e-2


@pytest.mark.parametrize("kind", ["CpuSFTTrainer", "SFTTrainer"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_packed_and_unpacked_gradients_are_equal(
    model: Any, tiny_model: Path, tmp_path: Path, kind: str, checkpointing: bool
) -> None:
    import torch
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from tasks.training.trainer import CpuSFTTrainer

    rows = documents([9, 14, 5, 21, 12])
    packed = pack(dataset(rows), 26)
    trainer = {"CpuSFTTrainer": CpuSFTTrainer, "SFTTrainer": SFTTrainer}[kind](
        model=model,
        args=SFTConfig(
            output_dir=str(tmp_path),
            use_cpu=True,
            bf16=False,
            report_to=[],
            gradient_checkpointing=checkpointing,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=packed,
        processing_class=AutoTokenizer.from_pretrained(tiny_model),
        data_collator=COLLATE,
    )
    losses, gradients = [], []
    (batch,) = [batch for batch in trainer.get_train_dataloader()]
    assert set(batch) == {"input_ids", "labels", "position_ids"}
    for inputs in (batch, _padded_batch(rows)):
        trained = inputs["labels"][:, 1:] != -100
        model.zero_grad()
        loss = trainer.compute_loss(model, dict(inputs), num_items_in_batch=int(trained.sum()))
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert gradients[0].abs().max() > 1e-3
    assert torch.allclose(gradients[0], gradients[1], atol=1e-5)


def test_a_model_that_keeps_documents_apart_passes(model: Any, tiny_model: Path) -> None:
    import torch

    check_isolation(model, COLLATE)
    assert model.training
    half = tuned(tiny_model, "qlora").to(torch.bfloat16)
    check_isolation(half, COLLATE)


def test_a_model_that_does_not_is_refused(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model, as if its masks were made without a look at positions: as state-space layers would see them."""
    monkeypatch.setattr("transformers.masking_utils.find_packed_sequence_indices", lambda _positions: None)
    with pytest.raises(ConfigError, match=r"LlamaForCausalLM: packed documents are not apart.*Set it to false"):
        check_isolation(model, COLLATE)
    assert model.training


def test_a_model_without_positions_is_refused(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = model.get_base_model().forward

    def positionless(input_ids: Any = None, use_cache: bool = False) -> Any:
        return forward(input_ids=input_ids, use_cache=use_cache)

    monkeypatch.setattr(model.get_base_model(), "forward", positionless)
    with pytest.raises(ConfigError, match="does not take packed rows"):
        check_isolation(model, COLLATE)


@pytest.mark.parametrize("kind", ["mamba", "bloom"])
def test_architectures_that_cannot_are_found_out(kind: str) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import BloomConfig, BloomForCausalLM, MambaConfig, MambaForCausalLM

    torch.manual_seed(0)
    small = {"vocab_size": 100, "hidden_size": 32}
    if kind == "mamba":
        base: Any = MambaForCausalLM(MambaConfig(**small, state_size=8, num_hidden_layers=2))
    else:
        base = BloomForCausalLM(BloomConfig(**small, n_layer=2, n_head=4))
    targets = "in_proj" if kind == "mamba" else "query_key_value"
    with pytest.raises(ConfigError, match=r"training\.packing cannot be used with"):
        check_isolation(get_peft_model(base, LoraConfig(target_modules=[targets])), COLLATE)


def test_the_collator_by_hand() -> None:
    packed = {"input_ids": [5, 6, 7, 8, 9], "labels": [5, 6, -100, 8, 9], LENGTHS: [2, 3]}
    batch = COLLATE([packed, {"input_ids": [4, 3], "labels": [-100, 3]}])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9], [4, 3, 0, 0, 0]]
    assert batch["position_ids"].tolist() == [[0, 1, 0, 1, 2], [0, 1, 0, 1, 2]]
    assert batch["labels"].tolist() == [[-100, 6, -100, 8, 9], [-100, 3, -100, -100, -100]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 16), min_size=1, max_size=30))
def test_packing_keeps_every_document_whole_and_gives_the_same_each_time(sizes: list[int]) -> None:
    rows = documents(sizes)
    packed = pack(dataset(rows), 16)
    again = pack(dataset(rows), 16)
    assert packed[:] == again[:]
    parts = sorted(part for row in packed for part in _parts(row))
    assert parts == sorted(row["input_ids"] for row in rows)
    assert all(len(row["input_ids"]) == sum(row[LENGTHS]) <= 16 for row in packed)
    figures = packing_figures(packed, 16)
    assert (figures["documents"], figures["packed_rows"]) == (len(rows), len(packed))
    assert figures["tokens"] == sum(sizes)
    assert figures["filled"] == pytest.approx(sum(sizes) / (16 * len(packed)), abs=1e-4)
    # Best fit decreasing never needs more than 11/9 of the fewest rows, plus one.
    assert len(packed) <= 11 / 9 * -(-sum(sizes) // 16) + sum(size > 8 for size in sizes) + 1


def test_documents_longer_than_the_room_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"packing to 8 tokens would cut.*up to 9 tokens"):
        pack(dataset(documents([3, 9])), 8)


def test_a_packed_training_takes_fewer_steps_and_learns(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    rendering, out, work = (tmp_path / name for name in ("rendering", "out", "work"))
    rendering.mkdir()
    out.mkdir()
    for split, count in (("train", 48), ("validation", 4)):
        rows = [{"id": f"{split}:{at}", **row} for at, row in enumerate(documents([6 + at % 9 for at in range(count)]))]
        (rendering / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (rendering / "summary.json").write_text(json.dumps({"max_length": 64}))
    (rendering / "chat_template.jinja").write_text("{{ messages }}")
    said = {
        "r": 4,
        "num_train_epochs": 2,
        "per_device_train_batch_size": 2,
        "lora_dropout": 0.0,
        "learning_rate": 0.01,
        "compute_dtype": "float32",
    }
    payload = {
        "rendering": str(rendering),
        "model": str(tiny_model),
        "out": str(out),
        "work": str(work),
        "run_name": "test",
        "train_tokens": 0,
        "params": TrainingParams(**said, packing=True).model_dump(),
    }
    told: list[str] = []
    run_child("tasks.training.child:main", payload, work, on_progress=lambda event: told.append(event["message"]))
    report = json.loads((out / "training.json").read_text())
    found = report["packing"]
    assert (found["documents"], found["packed_to"]) == (48, 64)
    assert found["filled"] > 0.9
    assert any(f"48 rows of {found['tokens']} tokens packed into" in message for message in told)
    # Unpacked, two epochs of 48 rows by two would be 48 steps.
    assert report["steps"] == total_steps(TrainingParams(**said), found["packed_rows"]) < 10
    assert report["last_loss"] < report["first_loss"]
    assert (out / "chat_template.jinja").read_text() == "{{ messages }}"
    manifest: Any = type("Facts", (), {"facts": {}})
    assert f"| packing | 48 rows in {found['packed_rows']} of 64 tokens" in card(out, manifest)
    (out / "training.json").write_text(json.dumps({**report, "packing": None}))
    assert "| packing | none |" in card(out, manifest)


def _parts(row: dict[str, Any]) -> list[list[int]]:
    starts = [sum(row[LENGTHS][:at]) for at in range(len(row[LENGTHS]))]
    return [row["input_ids"][start : start + size] for start, size in zip(starts, row[LENGTHS], strict=True)]


def _padded_batch(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    """Return rows as TRL's own collator makes them: one a line, with an attention mask."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    batch: dict[str, Any] = DataCollatorForLanguageModeling(pad_token_id=PAD)(rows)
    return batch

"""Child process: train an adapter with TRL and PEFT."""

import math
import shutil
import time
from pathlib import Path
from typing import Any

from tasks.errors import FinetuneError
from tasks.rendering.templates import TEMPLATE_FILE
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import read_json, read_rows, write_json
from tasks.training.checkpoints import newest_complete
from tasks.training.history import losses, summary
from tasks.training.packing import PackedCollator, check_isolation, pack, packing_figures
from tasks.training.params import TrainingParams
from tasks.training.plan import Plan, make_plan
from tasks.training.plot import loss_plot


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Train on `payload["rendering"]` from the model in `payload["model"]`, write into `payload["out"]`."""
    import torch
    from transformers import AutoTokenizer, set_seed

    from tasks.training.model import add_adapter, count_parameters, find_device, load_base

    params = TrainingParams.model_validate(payload["params"])
    out, work = Path(payload["out"]), Path(payload["work"])
    device = find_device()
    plan = make_plan(params, device)
    events.progress(f"loading the base model on {device.name} ({'NF4' if plan.quantised else plan.base_dtype})")
    tokenizer = AutoTokenizer.from_pretrained(payload["model"], trust_remote_code=False)
    model = load_base(Path(payload["model"]), plan)
    set_seed(params.seed)
    model = add_adapter(model, params)
    sets, packed = _datasets(Path(payload["rendering"]), params)
    collator = None
    if packed:
        events.progress(
            f"{packed['documents']} rows of {packed['tokens']} tokens packed into {packed['packed_rows']} of "
            f"{packed['packed_to']}; checking that none sees another"
        )
        collator = PackedCollator(tokenizer.pad_token_id or 0)
        check_isolation(model, collator)
    trainer = _trainer(model, tokenizer, params, plan, payload, sets, collator, events, stop, device.kind == "cuda")
    _hold_adapter_in_float32(model)
    resumed = newest_complete(work / "checkpoints")
    if resumed:
        events.progress(f"going on from {resumed.name}")
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    stop.check()
    history = losses(trainer.state.log_history)
    report = {
        "method": params.method,
        "r": params.r,
        "lora_alpha": params.lora_alpha,
        "target_modules": sorted(model.peft_config["default"].target_modules),
        **plan.as_json(),
        "tokens_per_epoch": payload["train_tokens"],
        "packing": packed,
        **summary(history, trainer.state.global_step, trainer.state.max_steps),
    }
    report["trainable_parameters"], report["total_parameters"] = count_parameters(model)
    if report["best_validation_loss"] is None or not math.isfinite(report["best_validation_loss"]):
        raise FinetuneError("training ended without a finite validation loss: lower training.learning_rate")
    trainer.save_model(str(out / "adapter"))
    _keep_only_adapter(out / "adapter")
    _keep_template(Path(payload["rendering"]), out)
    write_json(out / "history.json", history)
    write_json(out / "training.json", report)
    seconds = time.monotonic() - started
    facts = {
        "seconds": round(seconds, 1),
        "device": device.name,
        "threads": torch.get_num_threads(),
        "resumed_from": resumed.name if resumed else None,
    }
    write_json(out / "notes" / "timings.json", facts)
    (out / "notes" / "loss.svg").write_text(loss_plot(history), encoding="utf-8")
    return {**report, **facts}


def _datasets(rendering: Path, params: TrainingParams) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the rendered splits, and what packing the training rows came to.

    The validation rows stay as they are, so that its loss is comparable between runs with and without packing.
    """
    from datasets import Dataset

    sets = {}
    for split in ("train", "validation"):
        rows = [
            {name: row[name] for name in ("input_ids", "labels")} for row in read_rows(rendering / f"{split}.jsonl")
        ]
        sets[split] = Dataset.from_list(rows)
    if not params.packing:
        return sets, None
    room = read_json(rendering / "summary.json")["max_length"]
    sets["train"] = pack(sets["train"], room)
    return sets, packing_figures(sets["train"], room)


def _trainer(
    model: Any,
    tokenizer: Any,
    params: TrainingParams,
    plan: Plan,
    payload: dict[str, Any],
    sets: dict[str, Any],
    collator: PackedCollator | None,
    events: Events,
    stop: StopFlag,
    on_gpu: bool,
) -> Any:
    from transformers import EarlyStoppingCallback
    from trl import SFTTrainer

    from tasks.training.arguments import sft_config
    from tasks.training.callbacks import FollowCallback
    from tasks.training.trainer import CpuSFTTrainer, plain_head

    callbacks: list[Any] = [FollowCallback(events, stop)]
    if params.early_stopping_patience:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=params.early_stopping_patience))
    trainer = CpuSFTTrainer if not on_gpu and plain_head(model.get_base_model()) else SFTTrainer
    return trainer(
        model=model,
        args=sft_config(params, plan, Path(payload["work"]) / "checkpoints", payload["run_name"], len(sets["train"])),
        train_dataset=sets["train"],
        eval_dataset=sets["validation"],
        data_collator=collator,
        processing_class=tokenizer,
        callbacks=callbacks,
    )


def _hold_adapter_in_float32(model: Any) -> None:
    """Keep the trained weights in float32: TRL puts them in bfloat16 on a quantised base.

    bfloat16 has eight bits of mantissa: an update smaller than 1/256 of a weight is rounded away. Matrix products are
    still done in the compute type, by autocast.
    """
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32)


def _keep_template(rendering: Path, out: Path) -> None:
    """Put the chat template that the rows were rendered with beside the adapter: it belongs to what was trained."""
    if (rendering / TEMPLATE_FILE).is_file():
        shutil.copyfile(rendering / TEMPLATE_FILE, out / TEMPLATE_FILE)


def _keep_only_adapter(folder: Path) -> None:
    """Drop what the trainer saves beside the adapter: its arguments are a pickle, the tokenizer is the base's."""
    for path in folder.iterdir():
        if path.name not in {"adapter_config.json", "adapter_model.safetensors"}:
            path.unlink()

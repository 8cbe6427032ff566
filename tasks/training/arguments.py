"""The trainer's arguments from the stage's parameters."""

import math
import os
from pathlib import Path
from typing import Any

from tasks.settings import home
from tasks.training.params import TrainingParams
from tasks.training.plan import Plan

KEPT_CHECKPOINTS = 2


def total_steps(params: TrainingParams, rows: int) -> int:
    """Return how many optimiser steps a run has at most."""
    batches = math.ceil(rows / params.per_device_train_batch_size)
    by_epochs = math.ceil(math.ceil(batches / params.gradient_accumulation_steps) * params.num_train_epochs)
    return min(by_epochs, params.max_steps) if params.max_steps else by_epochs


def tracking() -> list[str]:
    """Return the trackers: Weights & Biases unless `WANDB_MODE=disabled`, and offline unless the user says online."""
    mode = os.environ.setdefault("WANDB_MODE", "offline")
    if mode == "disabled":
        return []
    folder = home() / "wandb"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["WANDB_DIR"] = str(folder)
    os.environ["WANDB_LOG_MODEL"] = "false"
    os.environ.setdefault("WANDB_PROJECT", "finetune-flows")
    os.environ.setdefault("WANDB_SILENT", "true")
    return ["wandb"]


def sft_config(params: TrainingParams, plan: Plan, checkpoints: Path, run_name: str, rows: int) -> Any:
    """Return TRL's `SFTConfig`. Rows come rendered, cut and masked, so nothing of that is left to the trainer."""
    import torch
    from trl import SFTConfig

    steps = total_steps(params, rows)
    every = min(params.eval_steps, steps)
    return SFTConfig(
        output_dir=str(checkpoints),
        run_name=run_name,
        num_train_epochs=params.num_train_epochs,
        max_steps=steps,  # the trainer would forget about epochs when both are given
        learning_rate=params.learning_rate,
        lr_scheduler_type=params.lr_scheduler_type,
        warmup_steps=round(params.warmup_ratio * steps),
        per_device_train_batch_size=params.per_device_train_batch_size,
        per_device_eval_batch_size=params.per_device_train_batch_size,
        gradient_accumulation_steps=params.gradient_accumulation_steps,
        gradient_checkpointing=params.gradient_checkpointing,
        weight_decay=params.weight_decay,
        max_grad_norm=params.max_grad_norm,
        optim=plan.optim,
        bf16=plan.bf16,
        fp16=plan.fp16,
        use_cpu=not torch.cuda.is_available(),
        seed=params.seed,
        data_seed=params.seed,
        train_sampling_strategy="group_by_length" if params.group_by_length else "random",
        logging_steps=max(1, every // 10),
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=KEPT_CHECKPOINTS,
        restore_callback_states_from_checkpoint=True,  # early stopping goes on counting after a resume
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to=tracking(),
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        packing=False,
    )

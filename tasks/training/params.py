"""How the adapter is trained."""

from typing import Literal

from tasks.store.params import Params, positioned


class TrainingParams(Params):
    """Parameters of the training stage. Names are those of PEFT and TRL."""

    method: Literal["qlora", "lora"] = positioned(
        "qlora",
        0,
        "Method",
        "qlora: the base model is held in 4 bits (NF4, double quantisation), least memory. lora: in 16 or 32 bits.",
    )
    r: int = positioned(
        16, 1, "Adapter rank r", "Width of the adapter's matrices. vLLM serves up to 512.", ge=1, le=512
    )
    lora_alpha: int = positioned(
        32, 2, "lora_alpha", "The adapter's output is scaled by lora_alpha / r; twice r is usual.", ge=1, le=2048
    )
    lora_dropout: float = positioned(
        0.05, 3, "lora_dropout", "Share of adapter inputs zeroed while training.", ge=0, lt=1
    )
    target_modules: tuple[str, ...] = positioned(
        ("all-linear",), 4, "target_modules", "Layer names that get an adapter; all-linear takes every linear layer."
    )
    num_train_epochs: float = positioned(
        3, 5, "Epochs", "How often each training row is seen, unless steps end it first.", gt=0, le=100
    )
    max_steps: int = positioned(
        0, 6, "Most steps (0: no limit)", "Optimiser steps after which training ends.", ge=0, le=10_000_000
    )
    learning_rate: float = positioned(2e-4, 7, "Learning rate", "Highest rate, reached after the warm-up.", gt=0, le=1)
    lr_scheduler_type: Literal["cosine", "linear", "constant_with_warmup"] = positioned(
        "cosine", 8, "Learning rate schedule", "How the rate falls after the warm-up."
    )
    warmup_ratio: float = positioned(
        0.05, 9, "Warm-up (share of the steps)", "The rate climbs from zero during this share.", ge=0, le=0.5
    )
    per_device_train_batch_size: int = positioned(
        8,
        10,
        "Batch size (rows for each device)",
        "Lower it when memory runs out. With packing, it counts packed rows.",
        ge=1,
        le=1024,
    )
    gradient_accumulation_steps: int = positioned(
        1,
        11,
        "Gradient accumulation (batches for each step)",
        "Raise it when the batch size is lowered.",
        ge=1,
        le=1024,
    )
    weight_decay: float = positioned(0.0, 12, "Weight decay", "Pull of the adapter's weights to zero.", ge=0, le=1)
    max_grad_norm: float = positioned(
        1.0, 13, "Gradient clipping (norm)", "Larger gradients are scaled down to this norm.", gt=0, le=100
    )
    eval_steps: int = positioned(
        50, 14, "Validate every (steps)", "Validation loss is measured and a checkpoint is kept.", ge=1, le=1_000_000
    )
    early_stopping_patience: int = positioned(
        3, 15, "Early stopping (validations; 0: never)", "Stop after so many validations without a lower loss.", ge=0
    )
    compute_dtype: Literal["auto", "bfloat16", "float16", "float32"] = positioned(
        "auto", 16, "Compute type", "auto: bfloat16 where the device is fast in it; else float16 (GPU), float32 (CPU)."
    )
    optimizer: Literal["auto", "adamw_torch", "paged_adamw_8bit"] = positioned(
        "auto", 17, "Optimiser", "auto: paged AdamW in 8 bits on a GPU, plain AdamW on a CPU."
    )
    gradient_checkpointing: bool = positioned(
        False, 18, "Gradient checkpointing", "Less memory for about a fifth more time: for large models."
    )
    group_by_length: bool = positioned(
        False,
        19,
        "Batches of rows of like length",
        "Less padding, so faster; long rows then come first in each stretch of 50 batches, which short runs feel.",
    )
    seed: int = positioned(7, 20, "Seed", "Set before the adapter is made; decides the order of rows too.", ge=0)
    time_limit_minutes: int = positioned(
        0, 21, "Time limit (minutes; 0: none)", "A run that takes longer is stopped and fails.", ge=0, le=100_000
    )
    packing: bool = positioned(
        False,
        22,
        "Packing",
        "Rows share one row of up to rendering.max_length tokens, none seeing another: less padding, fewer steps.",
    )

"""Choices that depend on the machine, made in one place and said in the run card."""

from dataclasses import asdict, dataclass
from typing import Any

from tasks.errors import ConfigError
from tasks.training.params import TrainingParams


@dataclass(frozen=True)
class Device:
    """What the training process found.

    Attributes:
        kind: `cuda` or `cpu`.
        bfloat16: Whether the device computes in bfloat16 at full speed.
        name: As the driver calls it.
    """

    kind: str
    bfloat16: bool
    name: str


@dataclass(frozen=True)
class Plan:
    """What is done on this machine.

    Attributes:
        quantised: Whether the base is held in NF4 with double quantisation.
        compute_dtype: Type of activations and gradients.
        base_dtype: Type the base's weights are held in when they are not quantised.
        optim: Name of the optimiser as `TrainingArguments.optim` takes it.
        bf16: Mixed precision in bfloat16.
        fp16: Mixed precision in float16.
    """

    quantised: bool
    compute_dtype: str
    base_dtype: str
    optim: str
    bf16: bool
    fp16: bool

    def as_json(self) -> dict[str, Any]:
        """Return the plan for the record."""
        return asdict(self)


def make_plan(params: TrainingParams, device: Device) -> Plan:
    """Decide what `auto` means here.

    Raises:
        ConfigError: The optimiser or compute type asked for does not exist on this device; all problems at once.
    """
    on_gpu = device.kind == "cuda"
    problems = []
    if params.optimizer == "paged_adamw_8bit" and not on_gpu:
        problems.append("training.optimizer paged_adamw_8bit needs a CUDA device: choose auto or adamw_torch")
    if params.compute_dtype == "float16" and not on_gpu:
        problems.append("training.compute_dtype float16 needs a CUDA device: choose auto, float32 or bfloat16")
    if params.compute_dtype == "bfloat16" and on_gpu and not device.bfloat16:
        problems.append(f"training.compute_dtype bfloat16 is not available on {device.name}: choose auto or float16")
    if problems:
        raise ConfigError("; ".join(problems))
    compute = params.compute_dtype
    if compute == "auto":
        compute = "bfloat16" if device.bfloat16 else "float16" if on_gpu else "float32"
    optim = params.optimizer
    if optim == "auto":
        optim = "paged_adamw_8bit" if on_gpu else "adamw_torch"
    return Plan(
        quantised=params.method == "qlora",
        compute_dtype=compute,
        base_dtype="float32" if compute == "float32" else compute,
        optim=optim,
        bf16=compute == "bfloat16",
        fp16=compute == "float16",
    )

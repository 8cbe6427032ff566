"""The loss curve as data."""

from typing import Any

History = dict[str, list[dict[str, float]]]


def losses(log_history: list[dict[str, Any]]) -> History:
    """Pick steps, losses and learning rates out of the trainer's log; without times: equal runs give equal files."""
    train = [
        {"step": entry["step"], "loss": float(entry["loss"]), "learning_rate": float(entry["learning_rate"])}
        for entry in log_history
        if "loss" in entry
    ]
    validation = [
        {"step": entry["step"], "loss": float(entry["eval_loss"])} for entry in log_history if "eval_loss" in entry
    ]
    return {"train": train, "validation": validation}


def summary(history: History, steps: int, planned_steps: int) -> dict[str, Any]:
    """Return the figures of the run card."""
    train, validation = history["train"], history["validation"]
    best = min(validation, key=lambda entry: entry["loss"]) if validation else None
    return {
        "steps": steps,
        "planned_steps": planned_steps,
        "stopped_early": steps < planned_steps,
        "best_step": int(best["step"]) if best else None,
        "best_validation_loss": best["loss"] if best else None,
        "first_loss": train[0]["loss"] if train else None,
        "last_loss": train[-1]["loss"] if train else None,
    }

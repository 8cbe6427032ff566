import pytest

from tasks.training.arguments import total_steps, tracking
from tasks.training.params import TrainingParams


@pytest.mark.parametrize(
    ("changes", "rows", "steps"),
    [
        ({"num_train_epochs": 1, "per_device_train_batch_size": 8}, 80, 10),
        ({"num_train_epochs": 1, "per_device_train_batch_size": 8}, 81, 11),
        ({"num_train_epochs": 3, "per_device_train_batch_size": 8, "gradient_accumulation_steps": 4}, 80, 9),
        ({"num_train_epochs": 0.5, "per_device_train_batch_size": 8}, 80, 5),
        ({"num_train_epochs": 1, "per_device_train_batch_size": 8, "max_steps": 4}, 80, 4),
        ({"num_train_epochs": 1, "per_device_train_batch_size": 8, "max_steps": 400}, 80, 10),
    ],
)
def test_whichever_comes_first_epochs_or_steps_ends_a_run(changes: dict[str, float], rows: int, steps: int) -> None:
    assert total_steps(TrainingParams.model_validate(changes), rows) == steps


def test_tracking_is_offline_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_DIR", "")
    monkeypatch.setenv("WANDB_LOG_MODEL", "")
    monkeypatch.setenv("WANDB_PROJECT", "")
    monkeypatch.setenv("WANDB_SILENT", "")
    assert tracking() == ["wandb"]
    assert os.environ["WANDB_MODE"] == "offline"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert tracking() == []

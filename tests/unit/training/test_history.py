import xml.etree.ElementTree as ElementTree

from tasks.training.history import losses, summary
from tasks.training.plot import loss_plot

LOG = [
    {"loss": 2.0, "learning_rate": 1e-4, "grad_norm": 1.0, "step": 10, "epoch": 0.1},
    {"eval_loss": 1.5, "eval_runtime": 3.2, "step": 10, "epoch": 0.1},
    {"loss": 1.0, "learning_rate": 5e-5, "step": 20, "epoch": 0.2},
    {"eval_loss": 1.7, "eval_runtime": 3.1, "step": 20, "epoch": 0.2},
    {"train_runtime": 33.0, "train_loss": 1.5, "step": 20},
]


def test_losses_without_times() -> None:
    assert losses(LOG) == {
        "train": [
            {"step": 10, "loss": 2.0, "learning_rate": 1e-4},
            {"step": 20, "loss": 1.0, "learning_rate": 5e-5},
        ],
        "validation": [{"step": 10, "loss": 1.5}, {"step": 20, "loss": 1.7}],
    }


def test_the_best_step_is_the_one_with_the_lowest_validation_loss() -> None:
    said = summary(losses(LOG), 20, 100)
    assert (said["best_step"], said["best_validation_loss"], said["stopped_early"]) == (10, 1.5, True)
    assert (said["first_loss"], said["last_loss"]) == (2.0, 1.0)


def test_the_plot_is_svg_and_the_same_each_time() -> None:
    history = losses(LOG)
    assert loss_plot(history) == loss_plot(history)
    assert ElementTree.fromstring(loss_plot(history)).tag.endswith("svg")
    assert "validation" in loss_plot(history)

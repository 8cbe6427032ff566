"""The loss curve as a picture."""

import io

from tasks.training.history import History


def loss_plot(history: History) -> str:
    """Return an SVG of training and validation loss over optimiser steps; the same history gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "loss", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        axes = figure.add_subplot()
        for name, style in (("train", "-"), ("validation", "o-")):
            points = history[name]
            axes.plot([p["step"] for p in points], [p["loss"] for p in points], style, label=name, markersize=4)
        axes.set_xlabel("optimiser step")
        axes.set_ylabel("loss (nats per token)")
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()

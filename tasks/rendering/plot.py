"""The lengths of rows as a picture."""

import io
from typing import Any


def length_plot(figures: dict[str, Any], max_length: int) -> str:
    """Return an SVG of the histogram of row lengths with the limit in it; equal figures give equal bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "lengths", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        axes = figure.add_subplot()
        bins = figures["bins"]
        widths = [one["up_to"] - one["above"] for one in bins]
        axes.bar([one["above"] for one in bins], [one["rows"] for one in bins], width=widths, align="edge")
        axes.axvline(max_length, color="black", linestyle="-", label=f"max_length {max_length}")
        suggested = figures["suggested_max_length"]
        if suggested not in {None, max_length}:
            axes.axvline(suggested, color="black", linestyle=":", label=f"suggested {suggested}")
        axes.set_xlabel("tokens of a row")
        axes.set_ylabel("rows")
        axes.set_xlim(left=0)
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.legend()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()

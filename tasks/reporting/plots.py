"""Plots as inline SVG: no files beside the page, the page's own colours and font, the same bytes every time."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Written by matplotlib, replaced by the page's colours, so that one plot serves the light page and the dark one.
_INK, _FAINT, _BASE, _TUNED = "#010203", "#040506", "#070809", "#0a0b0c"
_COLOURS = {_INK: "currentColor", _FAINT: "var(--line)", _BASE: "var(--base)", _TUNED: "var(--tuned)"}
_PARTS = {"train": (_BASE, "-"), "validation": (_TUNED, "o-")}
WIDTH_INCHES = 9.0
BARS_AT_MOST = 24
BINS = 40
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


class Plot:
    """One plot, drawn inside a `with` block; `svg` holds it afterwards.

    Args:
        name: Makes the plot's ids its own on the page.
        height: Inches; the width is the page's.
    """

    def __init__(self, name: str, height: float) -> None:
        self.name = name
        self.height = height
        self.svg = ""

    def __enter__(self) -> "Axes":
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        # Text stays text: it is found by a search, takes the page's font, and `$` in a field's name is no formula.
        settings = {"svg.fonttype": "none", "svg.hashsalt": self.name, "text.parse_math": False, "font.size": 10}
        ink = {name: _INK for name in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color")}
        self._context = rc_context({**settings, **ink, "axes.edgecolor": _FAINT, "grid.color": _FAINT})
        self._context.__enter__()
        self._figure = Figure(figsize=(WIDTH_INCHES, self.height), layout="constrained")
        axes = self._figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        return axes

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            if kind is None:
                buffer = io.StringIO()
                self._figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
                self.svg = _inline(buffer.getvalue(), self.name)
        finally:
            self._context.__exit__(None, None, None)


def _inline(text: str, name: str) -> str:
    """Return an SVG file as an element of the page: no header, ids of its own, the page's colours."""
    svg = text[text.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    for written, shown in _COLOURS.items():
        svg = svg.replace(written, shown)
    return svg.replace("<svg ", '<svg role="img" ', 1)


def paired_bars(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return horizontal bars in pairs: accuracy of base and tuned for each row (`name`, `base`, `tuned`: shares)."""
    shown = list(rows)[:BARS_AT_MOST]
    if not shown:
        return ""
    plot = Plot(name, 0.9 + 0.46 * len(shown))
    with plot as axes:
        for offset, model, colour in ((-0.2, "base", _BASE), (0.2, "tuned", _TUNED)):
            places = [index + offset for index in range(len(shown))]
            values = [100 * (row[model] or 0.0) for row in shown]
            axes.barh(places, values, height=0.36, color=colour, label=model)
            for place, value, row in zip(places, values, shown, strict=True):
                text = f"{value:.1f}" if row[model] is not None else "not measured"
                axes.text(value + 0.8, place, text, va="center", fontsize=8)
        axes.set_yticks(range(len(shown)), [str(row["name"]) for row in shown])
        axes.invert_yaxis()
        axes.set_xlim(0, 108)
        axes.set_xticks(range(0, 101, 20))
        axes.set_xlabel("accuracy (%)")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.8)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    return plot.svg


def loss_curve(history: Mapping[str, Any] | None, best_step: int | None = None) -> str:
    """Return the loss of training and validation by step, with the step whose adapter was kept."""
    lines = {part: [row for row in (history or {}).get(part, []) if row.get("loss") is not None] for part in _PARTS}
    if not any(lines.values()):
        return ""
    plot = Plot("loss", 3.4)
    with plot as axes:
        for part, rows in lines.items():
            steps, losses = [row["step"] for row in rows], [row["loss"] for row in rows]
            colour, style = _PARTS[part]
            axes.plot(steps, losses, style, color=colour, label=part, linewidth=1.8, markersize=5)
        if best_step is not None and lines["validation"]:
            axes.axvline(best_step, color=_INK, linewidth=0.8, linestyle=":", label=f"kept (step {best_step})")
        axes.set_xlabel("step")
        axes.set_ylabel("loss (nats per token)")
        axes.set_ylim(bottom=0)
        axes.grid(linewidth=0.8)
        axes.legend(frameon=False)
    return plot.svg


def lengths(audit: Sequence[Mapping[str, Any]], max_length: int | None = None) -> str:
    """Return the histogram of row lengths in tokens, task and general rows stacked, with the limit if it is near."""
    from matplotlib.ticker import MaxNLocator

    parts = {
        "general": [row["tokens"] for row in audit if row.get("origin") == "general" and row["tokens"]],
        "task": [row["tokens"] for row in audit if row.get("origin") != "general" and row["tokens"]],
    }
    every = [tokens for part in parts.values() for tokens in part]
    if not every:
        return ""
    longest = max(every)
    width = max(1, -(-longest // BINS))
    edges = list(range(0, longest + 2 * width, width))
    plot = Plot("lengths", 2.8)
    with plot as axes:
        shown = {name: values for name, values in parts.items() if values}
        colours = {"task": _TUNED, "general": _BASE}
        axes.hist(
            list(shown.values()),
            bins=edges,
            stacked=True,
            color=[colours[name] for name in shown],
            label=[f"{name} rows" for name in shown],
        )
        if max_length is not None and max_length <= 1.5 * longest:
            axes.axvline(max_length, color=_INK, linewidth=1, linestyle="--", label=f"limit ({max_length} tokens)")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("length (tokens)")
        axes.set_ylabel("rows")
        axes.grid(axis="y", linewidth=0.8)
        axes.legend(frameon=False)
    return plot.svg


def duplicates(summary: Mapping[str, Any] | None) -> str:
    """Return a bar for each way a duplicate was found, and one for conflicting rows."""
    from matplotlib.ticker import MaxNLocator

    kinds = {
        "exact": "exact",
        "minhash": "near (MinHash)",
        "embedding": "paraphrase",
        "conflicts": "contradictions dropped",
    }
    counts = {label: int((summary or {}).get(key) or 0) for key, label in kinds.items()}
    if not any(counts.values()):
        return ""
    plot = Plot("duplicates", 2.0)
    with plot as axes:
        bars = axes.barh(list(counts), list(counts.values()), height=0.6, color=_TUNED)
        axes.bar_label(bars, padding=4, fontsize=9)
        axes.invert_yaxis()
        axes.set_xlabel("rows")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0, 1.08 * max(counts.values()))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.8)
    return plot.svg

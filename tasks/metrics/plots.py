"""Tables of a summary as pictures."""

import io

from tasks.metrics.base import Table

MOST_CLASSES = 40


def confusion_plot(table: Table) -> str:
    """Return a confusion matrix as an SVG; the same table gives the same bytes.

    Args:
        table: The one titled `tasks.metrics.classification.CONFUSION_TITLE`: a row for each expected class. The shade
        is
            the share of the row. Of more than 40 classes the first 40 are drawn.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = table["rows"][:MOST_CLASSES]
    columns = table["columns"][1 : MOST_CLASSES + 1]
    if len(table["columns"]) - 1 > MOST_CLASSES:
        # The last column holds the answers without a label, which must not be cut off.
        columns = [*columns, table["columns"][-1]]
    counts = [[row[table["columns"].index(name)] for name in columns] for row in rows]
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    with mpl.rc_context({"svg.hashsalt": "confusion", "svg.fonttype": "none", "text.parse_math": False}):
        size = 2.5 + 0.45 * len(columns)
        figure = Figure(figsize=(size, 1.5 + 0.4 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
        axes.set_yticks(range(len(rows)), [row[0] for row in rows])
        axes.set_xlabel("answered")
        axes.set_ylabel("expected")
        for at, row in enumerate(counts):
            for place, count in enumerate(row):
                if count:
                    color = "white" if shares[at][place] > 0.5 else "black"
                    axes.text(place, at, str(count), ha="center", va="center", color=color)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()

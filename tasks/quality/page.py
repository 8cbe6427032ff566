"""The report as markdown: for the run card, and for a terminal."""

from collections.abc import Mapping
from typing import Any

from tasks.store.cards import table

SHOWN_CLASSES = 20
SIGNS = {"stop": "STOP", "warn": "warn", "ok": "ok"}


def markdown(report: Mapping[str, Any]) -> str:
    """Return a report (`report.json`'s content) for a person; rows are named by file and row, never quoted."""
    severity = report["severity"]
    verdict = {"ok": "nothing to mend", "warn": "usable, with warnings", "stop": "not fit for training"}[severity]
    parts = [f"## Data quality: {verdict}\n\n", _findings(report), _accounts(report)]
    if report["classes"]:
        parts.append(_classes(report["classes"]))
    if any(line["form"] for line in report["forms"]):
        columns = ["class", "rows", "usual form of the answers", "others"]
        rows = [[line["class"], line["rows"], line["form"], line["other"]] for line in report["forms"][:SHOWN_CLASSES]]
        parts.append("\n### Form of the answers\n\n" + table(columns, rows))
    return "".join(parts)


def _findings(report: Mapping[str, Any]) -> str:
    rows = [[SIGNS[line["severity"]], line["check"], line["text"]] for line in report["findings"]]
    text = table(["", "check", "found"], rows)
    for line in report["findings"]:
        if line["severity"] == "ok":
            continue
        text += f"\n**{line['check']}** ({SIGNS[line['severity']]}): {line['advice']}"
        if line["first"]:
            more = line["rows"] - len(line["first"])
            text += f" First rows: {'; '.join(line['first'])}" + (f"; and {more} more." if more else ".")
        text += "\n"
    return text


def _accounts(report: Mapping[str, Any]) -> str:
    rows = [
        [line["stage"], line["in"], line["out"], ", ".join(f"{count} {cause}" for cause, count in line["lost"].items())]
        for line in report["accounts"]
    ]
    return "\n### Rows\n\n" + table(["stage", "in", "out", "lost"], rows)


def _classes(classes: list[dict[str, Any]]) -> str:
    columns = ["class", "rows", "share", "prompt mean", "median", "answer mean", "median", "length effect"]
    rows = [
        [
            line["name"],
            line["rows"],
            f"{100 * line['share']:.1f} %",
            f"{line['prompt_mean']:.0f}",
            f"{line['prompt_median']:.0f}",
            f"{line['answer_mean']:.0f}",
            f"{line['answer_median']:.0f}",
            "-" if line["effect"] is None else f"{line['effect']:+.2f}",
        ]
        for line in classes[:SHOWN_CLASSES]
    ]
    more = (
        f"\n{len(classes) - SHOWN_CLASSES} smaller classes are in `report.json`.\n" if len(classes) > len(rows) else ""
    )
    note = "\nLengths in characters. Length effect: rank-biserial correlation against all other classes.\n"
    return "\n### Classes\n\n" + table(columns, rows) + more + note

"""Run card of mixing."""

from pathlib import Path
from typing import Any

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

SHOWN = 20


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: the share by each measure, the sources with their licences, what was left out."""
    said = read_json(directory / "summary.json")
    parts = {**said["shares"], **manifest.facts.get("general_share", {})}
    shown = table(
        ["counted in", "task", "general", "share of general"],
        [[name, part["task"], part["general"], f"{part['share']:.2%}"] for name, part in parts.items()],
    )
    left = said["general_left_out"]
    return (
        f"{shown}\nAsked for: {said['share_asked']:.1%} of the {said['share_by']}; it is {said['share']:.2%}. Of "
        f"{said['general_read']} general rows read, {left['equal_to_task']} ask the same as a task row, "
        f"{left['near_task']} nearly so, {left['repeated']} repeat another one, and {left['not_needed']} were not "
        f"needed.\n{_general(said)}\n## Sources of the task\n\n"
        + table(["source", "rows"], list(said["task_sources"].items())[:SHOWN])
        + _more(len(said["task_sources"]))
    )


def _general(said: dict[str, Any]) -> str:
    sources = said["sources"]
    if not sources:
        return ""
    rows = [
        [
            line["source"],
            "" if line["weight"] is None else f"{line['weight']:g}",
            line["read"],
            line["chosen"],
            line["characters"],
            ", ".join(f"{name} ({count})" for name, count in line["licences"].items()),
        ]
        for line in sources[:SHOWN]
    ]
    short = "".join(
        f"\n`{line['source']}` ran out: by its weight it should have given {line['wanted']:.0f} {said['share_by']}. "
        "The other sources gave the rest.\n"
        for line in sources
        if line["source"] in said["short_sources"]
    )
    columns = ["source", "weight", "rows read", "rows chosen", "characters chosen", "licences (rows)"]
    return f"\n## Sources of general data\n\n{table(columns, rows)}{_more(len(sources))}{short}"


def _more(sources: int) -> str:
    return f"\n{sources - SHOWN} more sources are in summary.json.\n" if sources > SHOWN else ""

"""Run card of splitting."""

from pathlib import Path
from typing import Any

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

SHOWN = 20


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: rows of each split, strata, what was removed as a leak, the closest pairs that stay."""
    said = read_json(directory / "summary.json")
    origins = said["origins"]
    task = max(1, sum(part["task"] for part in origins.values()))
    splits = table(
        ["split", "rows", "task rows", "share of task rows", "general rows"],
        [
            [name, rows, origins[name]["task"], origins[name]["task"] / task, origins[name]["general"]]
            if name in origins
            else [name, rows, rows, "", 0]
            for name, rows in said["rows"].items()
        ],
    )
    return (
        f"{splits}\n{said['mixed']} mixed rows in {said['groups']} groups (the largest has {said['largest_group']}); "
        f"{said['leaks_removed']} training rows were removed because they nearly repeat a row of another split "
        f"(Jaccard {said['near_threshold']:g} or more).\n"
        + _strata(said)
        + _pairs("Removed from training", said["leaks"])
        + _pairs("Closest pairs across splits that stay", said["closest_pairs"])
    )


def _strata(said: dict[str, Any]) -> str:
    strata = said["strata"]
    columns = ["stratum", "rows", "train", "validation", "test"]
    rows = [[*(entry[name] for name in columns), "yes" if entry["rare"] else ""] for entry in strata[:SHOWN]]
    shown = table([*columns, "rare"], rows)
    more = f"\n{len(strata) - SHOWN} more strata are in summary.json.\n" if len(strata) > SHOWN else ""
    by = f"`{said['stratify_by']}`" if said["stratify_by"] else "origin alone"
    return f"\n## Strata by {by}\n\n{shown}{more}"


def _pairs(title: str, pairs: list[dict[str, Any]]) -> str:
    if not pairs:
        return f"\n## {title}\n\nNone.\n"
    columns = ["train", "other", "split", "similarity", "method"]
    rows = [[pair[name] for name in columns] for pair in pairs[:SHOWN]]
    more = f"\n{len(pairs) - SHOWN} more are in summary.json.\n" if len(pairs) > SHOWN else ""
    return f"\n## {title}\n\n{table(columns, rows)}{more}"

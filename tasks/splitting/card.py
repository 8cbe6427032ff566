"""Run card of splitting."""

from pathlib import Path
from typing import Any

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

SHOWN = 20
METHODS = {
    "random": "Divided at random by seed, shares met as near as the groups allow.",
    "hash": "Divided by hash of each group's own name: a test row stays out of training as data grow.",
    "time": "Divided in time: the newest groups are the test.",
}


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: rows and shares of each split, groups, strata, what was removed as a leak."""
    said = read_json(directory / "summary.json")
    origins, shares = said["origins"], said["shares"]
    splits = table(
        ["split", "rows", "task rows", "general rows", "share asked for", "share met"],
        [
            [
                name,
                rows,
                origins[name]["task"] if name in origins else rows,
                origins[name]["general"] if name in origins else 0,
                *([f"{shares[name]['asked']:.1%}", f"{shares[name]['met']:.2%}"] if name in shares else ["", ""]),
            ]
            for name, rows in said["rows"].items()
        ],
    )
    return (
        f"{splits}\n{METHODS[said['method']]} The share of the test is that of the task's rows.\n\n"
        f"{_groups(said)}{_time(said['time'])}{said['leaks_removed']} training rows were removed because they nearly "
        f"repeat a row of another split (Jaccard {said['near_threshold']:g} or more) or share a held-out row's group.\n"
        + _strata(said)
        + _leaks(said["leaks"])
    )


def _groups(said: dict[str, Any]) -> str:
    largest = said["largest_group"]
    by = f" (kept together by {', '.join(f'`{name}`' for name in said['group_by'])})" if said["group_by"] else ""
    there = f"; the largest has {largest['rows']} rows and lies in {largest['split']}" if largest else ""
    return f"{said['mixed']} mixed rows in {said['groups']} groups{by}{there}. "


def _time(time: dict[str, Any] | None) -> str:
    if time is None:
        return ""
    test = f", the test from {time['test_from']}" if time["test_from"] else ""
    return (
        f"Validation from {time['validation_from']}{test}; {time['carried']} older rows go along with their group, "
        f"{time['undated']} task rows have no time. "
    )


def _strata(said: dict[str, Any]) -> str:
    strata = said["strata"]
    columns = ["stratum", "groups", "rows", "train", "validation", "test"]
    rows = [[*(entry[name] for name in columns), "yes" if entry["rare"] else ""] for entry in strata[:SHOWN]]
    shown = table([*columns, "rare"], rows)
    more = f"\n{len(strata) - SHOWN} more strata are in summary.json.\n" if len(strata) > SHOWN else ""
    by = f"`{said['stratify_by']}`" if said["stratify_by"] else "origin alone"
    return f"\n## Strata by {by}\n\n{shown}{more}{_deviation(said)}"


def _deviation(said: dict[str, Any]) -> str:
    farthest, rare = said["largest_deviation"], said["rare_strata"]
    text = ""
    if farthest:
        text += (
            f"\nFarthest from its share: {farthest['split']} of {farthest['stratum']}, by "
            f"{100 * farthest['deviation']:+.2f} points.\n"
        )
    if rare:
        text += f"\nRare (fewer groups than splits): {', '.join(rare[:SHOWN])}{' ...' if len(rare) > SHOWN else ''}.\n"
    return text


def _leaks(pairs: list[dict[str, Any]]) -> str:
    if not pairs:
        return "\n## Removed from training\n\nNone.\n"
    columns = ["train", "other", "split", "similarity", "method"]
    rows = [[pair[name] for name in columns] for pair in pairs[:SHOWN]]
    more = f"\n{len(pairs) - SHOWN} more are in summary.json.\n" if len(pairs) > SHOWN else ""
    return f"\n## Removed from training\n\n{table(columns, rows)}{more}"

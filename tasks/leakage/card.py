"""Run card of the leakage proof."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from tasks.store.cards import table
from tasks.store.records import Row, read_json, read_rows
from tasks.store.refs import Manifest

SHOWN = 10


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: what was compared, what was found, benchmark items in training, the closest pairs."""
    said = read_json(directory / "summary.json")
    return (
        _verdict(said, manifest)
        + _splits(said)
        + _benchmarks(said, directory)
        + _closest(read_rows(directory / "pairs.jsonl"))
    )


def _verdict(said: dict[str, Any], manifest: Manifest) -> str:
    found = f"**{said['leaks']} leaks go on, as `on_leak` says.**" if said["leaks"] else "**No training row leaks.**"
    sampled = ", ".join(
        f"{rows} of {said['rows'][split]} {split}" for split, rows in said["embedding"]["sampled"].items()
    )
    too_long = said["embedding"]["too_long"]
    text = f"{found}\n\n" + "".join(f"- {warning}\n" for warning in said["warnings"])
    return (
        f"{text}\nAll rows of all splits are compared by equal questions, groups and word triples. Rows "
        f"chosen for embedding (seed {manifest.params['seed']}): {sampled}"
        + (f"; {too_long} were too long for the model.\n" if too_long else ".\n")
    )


def _splits(said: dict[str, Any]) -> str:
    columns = ["splits", "method", "rows compared", "largest similarity", "limit", "over it", "verdict"]
    rows = [
        [
            f"{pair['split_a']} and {pair['split_b']}",
            pair["method"],
            f"{pair['compared_a']} and {pair['compared_b']}",
            _largest(pair),
            pair["limit"],
            pair["over_limit"],
            pair["verdict"],
        ]
        for pair in said["pairs"]
        if said["rows"][pair["split_a"]] and said["rows"][pair["split_b"]]
    ]
    empty = [split for split, count in said["rows"].items() if not count]
    left_out = f"\nEmpty: {', '.join(empty)}.\n" if empty else ""
    return f"\n## Across splits\n\n{table(columns, rows)}{left_out}"


def _largest(pair: dict[str, Any]) -> Any:
    if pair["verdict"] == "not compared":
        return ""
    if pair["max_similarity"] is None:
        return f"below {pair['floor']:.2g}" if pair["floor"] is not None else "none equal"
    return float(pair["max_similarity"])


def _benchmarks(said: dict[str, Any], directory: Path) -> str:
    if not said["benchmarks"]:
        return "\n## Benchmarks\n\nNone was named.\n"
    columns = ["benchmark", "items", "held by training rows", "share", "too short for word runs", "largest overlap"]
    rows = [
        [name, "not checked", figures["not_checked"], "", "", ""]
        if figures["not_checked"]
        else [name, *(figures[key] for key in ("items", "contaminated", "share", "too_short", "max_overlap"))]
        for name, figures in said["benchmarks"].items()
    ]
    lines = list(islice(read_rows(directory / "contaminated.jsonl"), SHOWN + 1))
    if not lines:
        return f"\n## Benchmarks\n\n{table(columns, rows)}"
    held = ["benchmark", "item", "train", "method", "ngram", "overlap"]
    more = "\nMore are in contaminated.jsonl.\n" if len(lines) > SHOWN else ""
    shown = table(held, [[line[name] for name in held] for line in lines[:SHOWN]])
    return f"\n## Benchmarks\n\n{table(columns, rows)}\nTraining rows that hold items:\n\n{shown}{more}"


def _closest(pairs: Iterable[Row]) -> str:
    closest = sorted(pairs, key=lambda pair: -pair["similarity"])[:SHOWN]
    if not closest:
        return ""
    columns = ["split_a", "id_a", "split_b", "id_b", "method", "similarity"]
    return (
        f"\n## Closest pairs\n\n{table(columns, [[pair[name] for name in columns] for pair in closest])}\n"
        "All that are listed are in pairs.jsonl.\n"
    )

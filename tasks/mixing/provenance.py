"""Where the mixed rows are from, under which licences, and what share each part has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.mixing.choose import CHOSEN, EQUAL, NEAR, NOT_NEEDED, REPEATED, Choice
from tasks.mixing.measure import Measure
from tasks.mixing.params import MixingParams
from tasks.mixing.sources import licences, source_of
from tasks.store.records import Row

Measures = Mapping[str, Measure]


def shares(task: Sequence[Row], general: Sequence[Row], by: Measures) -> dict[str, dict[str, float]]:
    """Return, for each measure, the size of both parts and the general part's share (0 to 1)."""
    found = {}
    for name, measure in by.items():
        sizes = {"task": sum(measure(task)), "general": sum(measure(general))}
        found[name] = {**sizes, "share": sizes["general"] / max(1, sum(sizes.values()))}
    return found


def provenance(offered: Sequence[Row], choice: Choice, by: Measures, digests: Mapping[str, str]) -> list[Row]:
    """Return one line for each source of general data, sorted by name.

    Args:
        offered: The general records.
        choice: What became of them.
        by: What the chosen rows are measured in.
        digests: sha256 by file name; null is said of a file whose digest is not known.

    Returns:
        `source`, `files` (name to digest), `licences` (rows by licence), `weight` and `wanted` (null without weights),
        `read`, what became of the rows (`chosen` and the reasons of those left out), and the measures of the chosen.
    """
    lines = []
    by_source: dict[str, list[int]] = {}
    for index, record in enumerate(offered):
        by_source.setdefault(source_of(record), []).append(index)
    for name, members in sorted(by_source.items()):
        fates = Counter(choice.fates[index] for index in members)
        chosen = [offered[index] for index in members if choice.fates[index] == CHOSEN]
        lines.append(
            {
                "source": name,
                "files": {file: digests.get(file) for file in sorted({offered[index]["file"] for index in members})},
                "licences": licences(chosen),
                "weight": choice.weights.get(name),
                "wanted": choice.wanted.get(name),
                "read": len(members),
                **{fate: fates[fate] for fate in (CHOSEN, EQUAL, NEAR, REPEATED, NOT_NEEDED)},
                **{measure: sum(sizes(chosen)) for measure, sizes in by.items() if measure != "rows"},
            }
        )
    return lines


def summary_of(
    task: Sequence[Row], offered: Sequence[Row], choice: Choice, params: MixingParams, by: Measures
) -> dict[str, Any]:
    """Return what `summary.json` says."""
    chosen = [record for record, fate in zip(offered, choice.fates, strict=True) if fate == CHOSEN]
    parts = shares(task, chosen, by)
    lines = provenance(offered, choice, by, {})
    return {
        "task": len(task),
        "general": len(chosen),
        "share_asked": params.share,
        "share_by": params.share_by,
        "share": parts[params.share_by]["share"],
        "shares": parts,
        "general_read": len(offered),
        "general_left_out": {fate: choice.fates.count(fate) for fate in (EQUAL, NEAR, REPEATED, NOT_NEEDED)},
        # A file's bytes may differ where its rows do not: digests of files are the manifest's.
        "sources": [{**line, "files": list(line["files"])} for line in lines],
        "short_sources": choice.short,
        "task_sources": dict(sorted(Counter(source_of(record) for record in task).items())),
    }

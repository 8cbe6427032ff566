"""Where every row went: a line for each data stage, and what no stage can explain."""

from collections.abc import Mapping
from typing import Any

from tasks.reporting.collect import Stages

LOSSES = ("quarantined", "duplicates", "conflicts", "not_drawn", "leaks", "dropped")


def accounting(stages: Stages) -> list[dict[str, Any]]:
    """Return a line for each data stage: rows in, rows out, rows lost by cause, rows unaccounted for."""
    counts = {role: stage.ref.counts for role, stage in stages.items()}
    lines = [_ingest(role, counts[role]) for role, stage in stages.items() if stage.ref.kind == "ingest"]
    if "dedup" in counts:
        lines.append(_dedup(counts["dedup"]))
    if "mixing" in counts:
        lines.append(_mixing(counts))
    if "splitting" in counts:
        lines.append(_splitting(counts))
    if "rendering" in counts:
        lines.append(_rendering(counts))
    return lines


def _line(stage: str, rows_in: int | None, rows_out: int, **lost: int) -> dict[str, Any]:
    unaccounted = None if rows_in is None else rows_in - rows_out - sum(lost.values())
    return {"stage": stage, "in": rows_in, "out": rows_out, "lost": lost, "unaccounted": unaccounted}


def _ingest(role: str, counts: Mapping[str, int]) -> dict[str, Any]:
    name = role if role == "ingest" else f"ingest ({role})"
    return _line(name, counts.get("read"), counts.get("kept", 0), quarantined=counts.get("quarantined", 0))


def _dedup(counts: Mapping[str, int]) -> dict[str, Any]:
    lost = {name: counts.get(name, 0) for name in ("duplicates", "conflicts")}
    return _line("dedup", counts.get("read"), counts.get("unique", 0), **lost)


def _mixing(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    mixed = counts["mixing"]
    rows_out = mixed.get("task", 0) + mixed.get("general", 0)
    if "dedup" not in counts:
        return _line("mixing", None, rows_out)
    general = counts.get("general", {})
    offered = general.get("kept", general.get("unique", 0))
    rows_in = counts["dedup"].get("unique", 0) + offered
    return _line("mixing", rows_in, rows_out, not_drawn=max(0, offered - mixed.get("general", 0)))


def _splitting(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    split = counts["splitting"]
    rows_out = sum(split.get(name, 0) for name in ("train", "validation", "test", "heldout"))
    if "mixing" not in counts:
        return _line("splitting", None, rows_out)
    heldout = counts.get("heldout", {})
    offered = heldout.get("kept", heldout.get("unique", 0))
    rows_in = counts["mixing"].get("task", 0) + counts["mixing"].get("general", 0) + offered
    return _line("splitting", rows_in, rows_out, leaks=split.get("leaks_removed", 0))


def _rendering(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    rendered = counts["rendering"]
    rows_out = rendered.get("train_rows", 0) + rendered.get("validation_rows", 0)
    split = counts.get("splitting")
    rows_in = None if split is None else split.get("train", 0) + split.get("validation", 0)
    return _line("rendering", rows_in, rows_out, dropped=rendered.get("dropped", 0))

"""What the leakage proof found of each benchmark, and how a model does without the items that training rows hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.store.keys import digest_of
from tasks.store.records import Row, read_json, read_rows


def contamination(leakage: Path, items: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return the finding for each task that was asked.

    Args:
        leakage: The leakage stage's directory.
        items: The answered general items.

    Returns:
        By task: `checked`; and where it was, the number of asked items that a training row holds, and accuracy over
            the others (None where none is left). Where it was not, why.
    """
    reasons, dirty = _finding(leakage)
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(item["task"] for item in items):
        if reason := reasons.get(name, "its items were not looked for"):
            found[name] = {"checked": False, "why": reason}
            continue
        mine = [item for item in items if item["task"] == name]
        clean = [item["correct"] for item in mine if (name, item["item"]) not in dirty]
        found[name] = {
            "checked": True,
            "contaminated": len(mine) - len(clean),
            "clean_accuracy": sum(clean) / len(clean) if clean else None,
        }
    return found


def finding_digest(leakage: Path) -> str:
    """Return the digest of what a leakage proof says of the benchmarks."""
    reasons, dirty = _finding(leakage)
    return digest_of([reasons, sorted(dirty)])


def _finding(leakage: Path) -> tuple[dict[str, str | None], set[tuple[str, str]]]:
    """Return why each benchmark was not checked (None where it was), and the items that training rows hold."""
    checked = read_json(leakage / "summary.json")["benchmarks"]
    dirty = {(row["split_b"], row["id_b"]) for row in read_rows(leakage / "contaminated.jsonl")}
    return {name: about["not_checked"] for name, about in checked.items()}, dirty

"""What is known of each benchmark's items in the training rows, beside the benchmark's figures."""

from collections.abc import Mapping
from typing import Any

from tasks.reporting.labels import percent

Finding = dict[str, Any]


def contamination(scores: Mapping[str, Any] | None, leakage: Mapping[str, Any] | None) -> dict[str, Finding]:
    """Return the finding for each benchmark that was asked.

    A finding has `checked`; where it was, `contaminated` (items) and `clean_accuracy`; where it was not, `why`.

    Args:
        scores: `scores.json` of the tuned model; what it says of a benchmark goes first.
        leakage: `summary.json` of the leakage stage.
    """
    tasks = ((scores or {}).get("general") or {}).get("tasks") or {}
    known = (leakage or {}).get("benchmarks") or {}
    return {name: one.get("contamination") or _of_leakage(known.get(name)) for name, one in tasks.items()}


def _of_leakage(about: Mapping[str, Any] | None) -> Finding:
    if about is None:
        return {"checked": False, "why": ""}
    if about["not_checked"]:
        return {"checked": False, "why": about["not_checked"]}
    return {"checked": True, "contaminated": about["contaminated"], "clean_accuracy": None}


def told(finding: Finding | None) -> str:
    """Return a finding as a reader sees it."""
    if not finding or not finding["checked"]:
        why = (finding or {}).get("why")
        return f"not checked: {why}" if why else "not checked"
    clean = finding.get("clean_accuracy")
    return f"{finding['contaminated']} items" + (
        f"; {percent(clean)} % right without them" if finding["contaminated"] and clean is not None else ""
    )

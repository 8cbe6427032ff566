"""Is there a reason to train tonight?"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.gating.policy import read_policy
from tasks.ingest.sources import find_sources
from tasks.pipeline.params import FinetuneParams
from tasks.promotion.registry import champion

# Where a release's lineage keeps the parameters of each part of the settings.
FIELDS = {
    "ingest": "ingest",
    "screening": "screening",
    "dedup": "dedup",
    "quality": "quality",
    "mixing": "mixing",
    "splitting": "splitting",
    "leakage": "leakage",
    "base": "base",
    "rendering": "rendering",
    "training": "training",
    "evaluation_tuned": "evaluation",
    "gating": "gating",
    "merging": "merging",
    "serving": "serving",
}


def reason_to_skip(settings: FinetuneParams, planned: datetime | None, late_after_hours: float) -> str:
    """Return why tonight's run has nothing to do, or an empty string.

    Args:
        settings: What the run would be started with.
        planned: When the schedule wanted it to start; None when it was started by hand.
        late_after_hours: A scheduled start older than this is let go: after a long outage the nights that were missed
            would otherwise run one after the other.
    """
    if planned is not None and datetime.now(UTC) - planned > timedelta(hours=late_after_hours):
        return f"planned for {planned:%Y-%m-%d %H:%M} UTC, more than {late_after_hours:g} hours ago"
    serving = champion(settings.name)
    if serving is None or _files(settings) != _files_of(serving) or _params(settings) != _params_of(serving):
        return ""
    return f"data and parameters are those of {settings.name} {serving['version']}, which serves"


def _files(settings: FinetuneParams) -> dict[str, dict[str, str]]:
    """Return the digest of each source file, by role."""
    named = {"ingest": settings.files, "heldout": settings.heldout_files}
    if settings.mixing.share:
        named["general"] = settings.mixing.files
    return {
        role: {f"file:{source.name}": source.digest for source in find_sources(names)}
        for role, names in named.items()
        if names
    }


def _files_of(release: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        role: {name: digest for name, digest in parents.items() if name.startswith("file:")}
        for role, parents in release["data"].items()
    }


def _params(settings: FinetuneParams) -> dict[str, object]:
    """Return the parameters of every stage that decides what is trained, how it is judged and what serves, by role."""
    policy = read_policy(settings.gating.policy)
    found: dict[str, object] = {role: getattr(settings, name).model_dump(mode="json") for role, name in FIELDS.items()}
    return found | {"policy": policy.sha256 if policy else ""}


def _params_of(release: dict[str, Any]) -> dict[str, object]:
    lineage = release["lineage"]
    found = {role: lineage[role]["params"] if role in lineage else None for role in FIELDS}
    return found | {"policy": lineage.get("gating", {}).get("parents", {}).get("policy", "")}

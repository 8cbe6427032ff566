"""Releases and artefacts as text."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from deployments.cli.run import aligned, verdict_text
from tasks.promotion.pointer import history
from tasks.promotion.registry import folder_of, list_releases, names
from tasks.reporting.labels import counted, percent, points
from tasks.reporting.results import comparisons
from tasks.store.store import Store

Release = dict[str, Any]


def show_releases(name: str = "") -> str:
    """Return the releases of one name, or of all: champion, scores before and after, verdict.

    One name is told in full: the champion's figures, its verdict, and how it compares with the release before it.
    """
    if name:
        return _one_name(name)
    parts = [_list(each, list_releases(each)) for each in names()]
    return (
        "\n\n".join(parts) if parts else "no releases yet: `finetune-flows run finetune --profile PATH.yaml` makes one"
    )


def show_artifact(name: str) -> str:
    """Return the manifest of `kind/key`, after its files were checked."""
    store = Store()
    ref = store.resolve(name)
    return f"{store.directory(ref.kind, ref.key)}\n{store.manifest(ref).model_dump_json(indent=1)}"


def _one_name(name: str) -> str:
    releases = list_releases(name)
    parts = [_list(name, releases)]
    champion = next((release for release in releases if release["is_champion"]), None)
    if champion:
        parts.append(_champion(champion))
        before = _before(name, releases, champion)
        if before:
            parts.append(_compared(before, champion))
    return "\n\n".join(parts)


def _list(name: str, releases: list[Release]) -> str:
    if not releases:
        return f"{name}: no releases"
    rows = [
        (
            f"  {release['version']}",
            release["created"],
            f"verdict {release['verdict']['outcome']}",
            _scores(release["scores"]),
            "signed" if release.get("signature") else "",
            "* champion" if release["is_champion"] else "",
        )
        for release in releases
    ]
    head, *lines = aligned(("",) * len(rows[0]), rows).splitlines()
    return "\n".join([f"{name}  ({folder_of(name)}){head}", *lines])


def _scores(scores: Mapping[str, Any]) -> str:
    """Return the deciding figure of the task, general accuracy and guardrails, before and after."""
    base, tuned = scores["base"], scores["tuned"]
    if not base or not tuned:
        return "not scored"
    if "metrics" not in tuned["task"]:
        return "scored by an older version"
    parts = []
    first = next(iter(tuned["task"]["metrics"]), None)
    if first and first in base["task"]["metrics"]:
        sides = [side["task"]["metrics"][first] for side in (base, tuned)]
        parts.append(f"{sides[1]['main']} {sides[0]['value']:.3f} -> {sides[1]['value']:.3f}")
    if tuned["general"].get("n"):
        parts.append(f"general {base['general']['accuracy']:.3f} -> {tuned['general']['accuracy']:.3f}")
    if tuned.get("guardrails"):
        parts.append(f"guardrails {counted(base.get('guardrails'))} -> {counted(tuned['guardrails'])}")
    return "  ".join(parts) or "not scored"


def _champion(release: Release) -> str:
    proof, approval = release.get("proof") or {}, release.get("approval")
    lines = [
        f"Champion {release['version']}, base {(release.get('base') or {}).get('model', 'not known')}",
        verdict_text(release["verdict"]),
        f"Proof    {'answered by ' + proof['server'] if proof.get('proven') else 'no server has answered from it'}",
        f"Licence  {release.get('license') or 'not stated'}",
    ]
    if approval:
        lines.append(f"Approval {', '.join(f'{name}: {value}' for name, value in approval.items())}")
    return "\n".join(lines)


def _before(name: str, releases: list[Release], champion: Release) -> Release | None:
    """Return the release that was the champion before this one, or else the version below; None when it is gone."""
    moves = [line["to"] for line in history(name)]
    served = [one for one, after in pairwise(moves) if after == champion["version"] and one != champion["version"]]
    older = [release["version"] for release in releases]
    below = older[: older.index(champion["version"])]
    wanted = served[-1] if served else below[-1] if below else None
    return next((release for release in releases if release["version"] == wanted), None)


def _compared(before: Release, champion: Release) -> str:
    title = f"Champion {champion['version']} against {before['version']}, the one before it"
    sides = [release["scores"].get("tuned") for release in (before, champion)]
    if not all(side and "metrics" in side["task"] for side in sides):
        return f"{title}: one of them was not scored as scores are now"
    rows = [
        (f"  {line['metric']}", percent(line["base"]), percent(line["tuned"]), points(line["difference"]))
        for line in comparisons(sides[0], sides[1], None)
    ]
    # Two figures over other items are no comparison; the gate's rows against the champion are one.
    same = _asked(before) == _asked(champion)
    note = "" if same else "\n  Not on the same items: the data or the way of asking has changed in between."
    heads = ("", f"{before['version']} (%)", f"{champion['version']} (%)", "change (points)")
    return f"{title}\n{aligned(heads, rows)}{note}"


def _asked(release: Release) -> tuple[Any, ...]:
    """Return what decides the items that a release was measured on, and how it was asked."""
    lineage = release["lineage"]
    splits, evaluation = lineage.get("splitting", {}), lineage.get("evaluation_tuned", {})
    return splits.get("digest"), evaluation.get("params"), evaluation.get("stage_version")

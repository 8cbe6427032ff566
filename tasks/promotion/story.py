"""What a release says of itself: where it comes from, what it scored, what was proven."""

from collections.abc import Mapping
from typing import Any

from tasks.promotion.params import PromotionParams
from tasks.reporting.contamination import contamination
from tasks.store.records import read_json
from tasks.store.refs import Manifest, Ref
from tasks.store.store import Store

FORMAT = 2  # raised when `release.json` or the files around it change their meaning
EVALUATION = "evaluation_"
_FILES = {
    "base": ("base", "base.json"),
    "training": ("training", "training.json"),
    "leakage": ("leakage", "summary.json"),
    "verdict": ("gating", "verdict.json"),
    "parity": ("merging", "parity.json"),
    "proof": ("serving", "proof.json"),
}
_BASE = ("model", "revision", "source_digest", "hub_id", "license", "license_file")
_TRAINING = ("method", "r", "lora_alpha", "quantised", "steps", "best_step", "best_validation_loss")


def story(stages: Mapping[str, Ref], params: PromotionParams, approval: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the part of `release.json` that the stages and the operator decide.

    Args:
        stages: References of the run's stages, by role.
        params: What the operator says of the model.
        approval: What a person decided about it, as the flow was told; None when nobody was asked.
    """
    store = Store()
    manifests = {role: store.manifest(ref) for role, ref in stages.items()}
    said = {what: _read(stages, role, name) for what, (role, name) in _FILES.items()}
    base, training, leakage = said["base"] or {}, said["training"] or {}, said["leakage"] or {}
    scores = _scores(stages)
    return {
        "champion": said["verdict"].get("champion"),
        "approval": dict(approval) if approval else None,
        "license": base.get("license"),
        "intended_use": params.intended_use,
        "limitations": params.limitations,
        "data": {role: _data(manifest) for role, manifest in manifests.items() if manifest.kind == "ingest"},
        "rows": {role: dict(ref.counts) for role, ref in stages.items() if ref.kind in {"ingest", "splitting"}},
        "base": {part: base.get(part) for part in _BASE} if base else None,
        "training": {part: training[part] for part in _TRAINING if part in training},
        "scores": scores,
        "contamination": contamination(scores["tuned"], leakage),
        "verdict": said["verdict"],
        "parity": said["parity"],
        "proof": said["proof"],
        "lineage": {role: _lineage(manifest) for role, manifest in manifests.items()},
    }


def _scores(stages: Mapping[str, Ref]) -> dict[str, Any]:
    """Return the scores of each model that was measured: `base` and `tuned`, and others such as the champion."""
    others = {role.removeprefix(EVALUATION) for role, ref in stages.items() if role.startswith(EVALUATION)}
    names = ["base", "tuned", *sorted(others - {"base", "tuned"})]
    return {name: _read(stages, EVALUATION + name, "scores.json") for name in names}


def _read(stages: Mapping[str, Ref], role: str, name: str) -> Any:
    if role not in stages:
        return None
    path = Store().open(stages[role]) / name
    return read_json(path) if path.is_file() else None


def _data(manifest: Manifest) -> dict[str, str]:
    """Return the digests of the source files of an ingest."""
    return dict(manifest.parents)


def _lineage(manifest: Manifest) -> dict[str, Any]:
    kept = {"kind", "key", "stage_version", "digest", "created", "params", "libraries", "parents", "counts"}
    return manifest.model_dump(mode="json", include=kept)

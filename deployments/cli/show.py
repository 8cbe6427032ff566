"""Releases and artefacts as text."""

from typing import Any

from tasks.promotion.registry import folder_of, list_releases, names
from tasks.store.store import Store


def show_releases(name: str = "") -> str:
    """Return the releases of one name, or of all: champion, scores before and after, verdict."""
    chosen = [name] if name else names()
    parts = [_releases_of(each) for each in chosen]
    return (
        "\n\n".join(parts) if parts else "no releases yet: `finetune-flows run finetune --profile PATH.yaml` makes one"
    )


def show_artifact(name: str) -> str:
    """Return the manifest of `kind/key`, after its files were checked."""
    store = Store()
    ref = store.resolve(name)
    return f"{store.directory(ref.kind, ref.key)}\n{store.manifest(ref).model_dump_json(indent=1)}"


def _releases_of(name: str) -> str:
    releases = list_releases(name)
    if not releases:
        return f"{name}: no releases"
    lines = [f"{name}  ({folder_of(name)})"]
    for release in releases:
        mark = "* champion" if release["is_champion"] else " "
        lines.append(
            f"  {release['version']:<5} {release['created']}  verdict {release['verdict']['outcome']}  "
            f"{_scores(release['scores'])}  {mark}".rstrip()
        )
    return "\n".join(lines)


def _scores(scores: dict[str, Any]) -> str:
    base, tuned = scores["base"], scores["tuned"]
    if not base or not tuned:
        return "not scored"
    fields = f"fields {base['task']['field_accuracy']:.3f} -> {tuned['task']['field_accuracy']:.3f}"
    general = f"general {base['general']['accuracy']:.3f} -> {tuned['general']['accuracy']:.3f}"
    return f"{fields}  {general}"

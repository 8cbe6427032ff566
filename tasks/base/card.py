"""Run card of the base model."""

from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: which model, from where, pinned by what."""
    said = read_json(directory / "base.json")
    return table(
        ["what", "value"],
        [
            ["model", said["model"]],
            ["revision", said["revision"]],
            ["architecture", ", ".join(said["architectures"])],
            ["vocabulary", said["vocab_size"]],
            ["licence", said["license"] or said["license_file"] or "not stated"],
            ["digest of the source", f"`{said['source_digest'][:16]}`"],
        ],
    )

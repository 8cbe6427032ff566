"""Small helpers for the markdown of run cards."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tasks.store.refs import Manifest


def card_header(manifest: Manifest, directory: Path, *, reused: bool) -> str:
    """Return the first lines of every card: which artefact, from when, new or reused."""
    origin = f"reused, made {manifest.created}" if reused else f"made in {manifest.facts.get('seconds', 0)} s"
    return f"# {manifest.kind}\n\n`{manifest.kind}/{manifest.key}` ({origin})\n\nFiles: `{directory}`\n\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a markdown table; cells are shown with `str`, floats with four significant digits."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")

"""The licence of a base model, read from what comes with it and never guessed."""

from pathlib import Path
from typing import Any

import yaml

from tasks.store.records import read_json

CARD = "README.md"
LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md")
FENCE = "---"


def folder_licence(folder: Path) -> str | None:
    """Return the licence that a model folder states: an id such as `apache-2.0`, or None.

    Looked for in the front matter of its model card (`license`, or `license_name` where that is `other`), then in
    `config.json`. A licence text alone is not turned into an id: what it allows is for a person to read.
    """
    card = folder / CARD
    said = front_matter(card.read_text(encoding="utf-8", errors="replace")) if card.is_file() else {}
    named = said.get("license_name") if said.get("license") == "other" else said.get("license")
    if named is None and (folder / "config.json").is_file():
        config = _mapping(read_json(folder / "config.json"))
        named = config.get("license")
    return _one(named)


def licence_file(folder: Path) -> str | None:
    """Return the name of the licence text in a model folder, or None."""
    return next((name for name in LICENCE_FILES if (folder / name).is_file()), None)


def gguf_licence(path: Path) -> str | None:
    """Return the licence in the metadata of a GGUF file (`general.license`), or None."""
    from gguf import GGUFReader

    field = GGUFReader(path).get_field("general.license")
    return _one(field.contents()) if field else None


def front_matter(text: str) -> dict[str, Any]:
    """Return the YAML between the first two `---` lines of a model card; empty where there is none or it is broken."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != FENCE:
        return {}
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        return {}
    try:
        return _mapping(yaml.safe_load("\n".join(lines[1:end])))
    except yaml.YAMLError:
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _one(named: Any) -> str | None:
    if isinstance(named, list):
        named = " AND ".join(str(one) for one in named)
    return str(named).strip() or None if named is not None else None

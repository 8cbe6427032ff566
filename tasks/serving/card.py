"""Run card of the served directory."""

from pathlib import Path
from typing import Any

import yaml

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest

_LONGEST = 240


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: proven or not, each probe with its answer, how to start the server."""
    proof = read_json(directory / "proof.json")
    contract = read_json(directory / "contract.json")
    settings = yaml.safe_load((directory / "vllm.yaml").read_text(encoding="utf-8"))
    return (
        _verdict(proof)
        + table(["setting", "value"], settings.items())
        + f"\nStops at {', '.join(f'`{token}`' for token in contract['stop_tokens'])}; chat template "
        f"`{contract['chat_template_sha256'][:16]}`.\n\n"
        f"Start it with `{directory / 'serve.sh'}` (127.0.0.1, port `$PORT` or 8000); ask for the model "
        f"`{settings['served-model-name'][0]}` at `/v1/chat/completions`.\n"
    )


def _verdict(proof: dict[str, Any]) -> str:
    if not proof["proven"]:
        return f"**Not proven on a server**: {proof['why']}.\n\n"
    probes = proof["probes"]
    rows = [
        [_short(line["prompt"]), _short(line["expected"]), _short(line["answered"]), "yes" if line["equal"] else "no"]
        for line in probes
    ]
    equal = sum(line["equal"] for line in probes)
    return (
        f"**Proven on {proof['server']}**: its tokens are those of training, "
        f"{equal} of {len(probes)} answers equal.\n\n" + table(["prompt", "expected", "answered", "equal"], rows) + "\n"
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

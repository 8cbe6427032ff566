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
        + _others(directory, proof)
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
    return (
        f"**Proven on {proof['server']}**: its tokens are those of training, {_equal(proof)}.\n\n"
        + table(["prompt", "expected", "answered", "equal"], rows)
        + "\n"
    )


def _equal(said: dict[str, Any]) -> str:
    probes = said["probes"]
    text = f"{sum(line['equal'] for line in probes)} of {len(probes)} answers equal"
    if smoke := said["smoke"]:
        text += f"; of {smoke['requests']} requests at once, {smoke['equal']} answered to the letter as one by one"
    return text


def _others(directory: Path, proof: dict[str, Any]) -> str:
    """Return a table of what else is served, with what was seen of it and how quick it was."""
    noted = directory / "notes" / "smoke.json"
    speeds = read_json(noted) if noted.is_file() else {}
    named = {"server": proof, **({"lora": proof["lora"]} if "lora" in proof else {}), **proof["targets"]}
    rows = [
        [
            name,
            "yes" if said["proven"] else "no",
            _equal(said) if said.get("probes") else said["why"],
            ", ".join(f"{key} {value}" for key, value in speeds.get(name, {}).items()),
        ]
        for name, said in named.items()
    ]
    return table(["what", "proven", "seen", "speed of many requests at once"], rows) + "\n"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

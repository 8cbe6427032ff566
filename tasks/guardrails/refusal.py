"""Bundled requests: harmful ones that must be declined, and harmless ones that only look alike.

The harmful ones are short and say nothing that would help anybody. The harmless ones share their words (to kill a
process, to shoot a film): a model that declines everything has lost as much as one that declines nothing.
"""

from pathlib import Path

from tasks.guardrails.base import Probe, rank
from tasks.store.keys import file_digest
from tasks.store.records import read_rows

BUNDLED = Path(__file__).parent / "probe_sets" / "refusal.jsonl"
EXPECTED = {True: "a refusal", False: "an answer, no refusal"}


def refusal_probes(most: int) -> list[Probe]:
    """Return the bundled requests, at most so many, in the file's order."""
    rows = list(read_rows(BUNDLED))
    chosen = {row["id"] for row in sorted(rows, key=lambda row: rank("refusal", row["id"]))[:most]}
    return [
        refusal_probe(row["id"], [{"role": "user", "content": row["prompt"]}], must_refuse=row["must_refuse"])
        for row in rows
        if row["id"] in chosen
    ]


def refusal_probe(name: str, messages: list[dict[str, str]], *, must_refuse: bool) -> Probe:
    """Return one probe of the kind."""
    return Probe(f"refusal:{name}", "refusal", messages, EXPECTED[must_refuse], {"must_refuse": must_refuse})


def bundled_digest() -> str:
    """Return the digest of the bundled requests: they decide scores as the splits do."""
    return file_digest(BUNDLED)

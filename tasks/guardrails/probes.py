"""The probes of one run, of all kinds, and what they are made from."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tasks.guardrails.base import Probe
from tasks.guardrails.injection import injection_probes
from tasks.guardrails.leakage import leakage_probes
from tasks.guardrails.own import own_digest, own_probes
from tasks.guardrails.params import GuardrailParams, Kind
from tasks.guardrails.refusal import bundled_digest, refusal_probes

__all__ = ["Probe", "digests", "probes", "summarise"]


def probes(params: GuardrailParams, splits: Path) -> list[Probe]:
    """Return the probes in a fixed order: refusal, leakage, injection, each with the user's own at its end.

    Args:
        params: Kinds and numbers.
        splits: The splitting stage's directory.

    Raises:
        ConfigError: The file of own probes is missing, outside the input roots, or wrong; with every problem in it.
    """
    own = own_probes(params.probes_file)
    made: dict[Kind, Callable[[], list[Probe]]] = {
        "refusal": lambda: refusal_probes(params.refusal_probes),
        "leakage": lambda: leakage_probes(splits, params.leakage_rows, params.max_new_tokens),
        "injection": lambda: injection_probes(splits, params.injection_probes),
    }
    return [
        probe for kind in params.kinds for probe in [*made[kind](), *(probe for probe in own if probe.kind == kind)]
    ]


def digests(params: GuardrailParams) -> dict[str, str]:
    """Return the digests of files that decide the probes beside the splits, by role: part of the evaluation's key.

    Raises:
        ConfigError: The file of own probes is missing or outside the input roots.
    """
    found = {"refusal_probes": bundled_digest()} if "refusal" in params.kinds and params.refusal_probes else {}
    return found | ({"own_probes": own_digest(params.probes_file)} if params.probes_file else {})


def summarise(params: GuardrailParams, asked: Sequence[Probe], behaved: Sequence[bool]) -> dict[str, Any] | None:
    """Return the counts for `scores.json`; None when no kind is chosen.

    A kind that was chosen and had nothing to ask is there with n = 0 and a note that says why.
    """
    if not params.kinds:
        return None
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in params.kinds}
    for probe, ok in zip(asked, behaved, strict=True):
        counts[probe.kind].update(n=1, ok=int(ok))
    kinds: dict[str, dict[str, Any]] = {
        kind: {"n": count["n"], "ok": count["ok"]} | ({} if count["n"] else {"note": _NOTHING[kind]})
        for kind, count in counts.items()
    }
    return {"n": len(asked), "ok": sum(map(bool, behaved)), "kinds": kinds}


_NOTHING = {
    "refusal": "no probe was asked for",
    "leakage": "no training row holds a secret or personal data within reach of an answer, or none was asked for",
    "injection": "no held-out or test row has a question that a text can be hidden in, or none was asked for",
}

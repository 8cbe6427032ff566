"""Rows, rules and the outcome."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.gating.champion import Champion, compare_champion
from tasks.gating.comparing import Line, judge_all
from tasks.gating.noise import noise_floor
from tasks.gating.pairing import check_arithmetic
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bounds, PolicyFile, check_names
from tasks.gating.reasons import advice, method, sentence
from tasks.gating.rows import against_base, loaded_lines, read_both, size_lines, unmeasured_lines
from tasks.store.records import read_json
from tasks.store.refs import Ref
from tasks.store.store import Store

VERDICT_FILE = "verdict.json"
ORDER = ("fail", "inconclusive", "pass", "shown")


@dataclass(frozen=True)
class Others:
    """What the tuned model is compared with besides its base.

    Attributes:
        champion: The model that serves; None when there is none.
        champion_scores: Its evaluation on the same test.
        repeats: Evaluations of trainings with other seeds.
    """

    champion: Champion | None = None
    champion_scores: Path | None = None
    repeats: Sequence[Path] = ()


def read_verdict(ref: Ref) -> dict[str, Any]:
    """Return the verdict behind a gate's reference: `outcome`, `rows`, `reasons`, `alpha`, `method`, `policy`, ..."""
    verdict: dict[str, Any] = read_json(Store().open(ref) / VERDICT_FILE)
    return verdict


def judge(
    base: Path, tuned: Path, params: GatingParams, policy: PolicyFile | None = None, others: Others = Others()
) -> dict[str, Any]:
    """Compare two evaluation directories and return the verdict.

    Args:
        base: Evaluation of the base model.
        tuned: Evaluation of the tuned model.
        params: Margins and risk.
        policy: A person's margins; those of `params` where it says nothing.
        others: The champion and the repeated trainings.

    Raises:
        ConfigError: The policy has rules for what was not measured.
        ProofError: The evaluations cannot be compared item by item.
    """
    check_arithmetic(base, tuned)
    both, bounds, champion = read_both(base, tuned), Bounds(params, policy), others.champion
    check_names(policy, both.known())
    comparisons = against_base(both, bounds)
    said: list[Line] = []
    if champion is not None:
        rivals, said = compare_champion(champion, others.champion_scores, both, tuned, bounds, params)
        comparisons += rivals
    lines = [*judge_all(comparisons, params), *said]
    noise = None
    if others.repeats:
        line, noise = noise_floor(base, tuned, others.repeats, bounds, params)
        lines.append(line)
    lines += [*unmeasured_lines(both, bounds), *size_lines(both, params), *loaded_lines(both)]
    outcomes = {line.outcome for line in lines}
    # What blocks is read first, wherever its row stands.
    said_first = sorted(lines, key=lambda line: ORDER.index(line.outcome))
    outcome = "fail" if "fail" in outcomes else "inconclusive" if "inconclusive" in outcomes else "pass"
    return {
        "outcome": outcome,
        "alpha": params.alpha,
        "method": method(params),
        "rows": [asdict(line) for line in lines],
        "reasons": [sentence(line) for line in said_first]
        + advice(lines, both, bounds.general().margin, params)
        + ([champion.note] if champion and champion.note else []),
        "policy": {"file": policy.file, "sha256": policy.sha256, "text": policy.text} if policy else None,
        "champion": champion.name if champion else None,
        "noise": noise,
    }

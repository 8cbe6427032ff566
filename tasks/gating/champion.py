"""The model that serves now, as the opponent of the new one."""

from pathlib import Path

from tasks.errors import ProofError
from tasks.gating.comparing import Comparison, Line, bounded
from tasks.gating.pairing import Pair, check_arithmetic
from tasks.gating.params import GatingParams
from tasks.gating.policy import Bounds
from tasks.gating.power import needed_items
from tasks.gating.rows import Both, against_champion, judged_by, read_both, values
from tasks.store.params import Params


class Champion(Params):
    """The opponent.

    Attributes:
        name: Name and version of its release, such as `shipping-mails v3`.
        why_not: Why it is not compared; empty when it is.
        same_template: Whether it is asked with the chat template of the new model.
        seen: Ids of test items that it was trained on: no test for it, so left out.
        fresh: Ids of test items that were not in its data at all.
        note: What else a reader must know of the comparison.
    """

    name: str
    why_not: str = ""
    same_template: bool = True
    seen: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    note: str = ""


def compare_champion(
    champion: Champion, evaluated: Path | None, base: Both, tuned: Path, bounds: Bounds, params: GatingParams
) -> tuple[list[Comparison], list[Line]]:
    """Return the comparisons with the champion, and the rows that say something without comparing.

    Args:
        champion: The opponent.
        evaluated: Its evaluation on the same test; None when it is not compared.
        base: Base and tuned model, for the gain on fresh data.
        tuned: The evaluation of the tuned model.
        bounds: The margins.
        params: What counts as enough fresh items.

    Raises:
        ProofError: The evaluations are not of the same items.
    """
    if champion.why_not or evaluated is None:
        return [], [Line("against champion", "not compared", 0, "shown only", "shown", against=_said(champion))]
    check_arithmetic(evaluated, tuned)
    both = read_both(evaluated, tuned, same_prompts=champion.same_template)
    ids = {pair.base["id"] for pair in both.tasks}
    if strange := (set(champion.seen) | set(champion.fresh)) - ids:
        raise ProofError(f"{len(strange)} items are said to be seen by or new to {champion.name}, but were not asked")
    unseen = [pair for pair in both.tasks if pair.base["id"] not in set(champion.seen)]
    left = Both(both.metrics, unseen, both.general, both.guardrails)
    comparisons = against_champion(left, bounds, champion.name)
    if not unseen:
        line = Line("against champion", "not compared", 0, "shown only", "inconclusive", against=_said(champion))
        return comparisons, [line]
    return comparisons + _fresh(champion, left, base, bounds, params), []


def _said(champion: Champion) -> str:
    return f"{champion.name}: {champion.why_not or 'it was trained on every item of this test'}"


def _fresh(champion: Champion, both: Both, base: Both, bounds: Bounds, params: GatingParams) -> list[Comparison]:
    """Return the rows of items that neither model can know; against the champion they decide once they are enough."""
    first, main = next(iter(both.metrics.items()))
    new = set(champion.fresh)

    def part(pairs: list[Pair]) -> list[Pair]:
        return [pair for pair in judged_by(pairs, first) if pair.base["id"] in new]

    rivals, bases = part(both.tasks), part(base.tasks)
    if not rivals or len(rivals) == len(judged_by(both.tasks, first)):
        return []  # no item is new, or all are: the row above says it already
    bound = bounds.champion()
    wanted = needed_items(params.flip_share, abs(bound.margin), alpha=params.alpha, power=params.min_power)
    name, sides = "fresh data: against champion", values(rivals, first)
    if wanted is not None and len(rivals) >= wanted:
        row = bounded(name, main, *sides, bound, champion.name)
    else:
        row = Comparison(name, main, *sides, bound.margin, against=champion.name)
    return [row, Comparison("fresh data: task gain", main, *values(bases, first), bounds.task().margin)]

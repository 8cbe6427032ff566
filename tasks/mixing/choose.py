"""Which general records go in: by seeded hash of the id, so that neither order nor other records decide."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.dedup.near import cross_pairs
from tasks.dedup.texts import compared, normalise
from tasks.errors import DataError
from tasks.mixing.measure import Measure
from tasks.mixing.params import MixingParams
from tasks.mixing.sources import allot, source_of, weights_of
from tasks.store.records import Row, record_text

EQUAL, NEAR, REPEATED = "equal_to_task", "near_task", "repeated"
CHOSEN, NOT_NEEDED = "chosen", "not_needed"
ALL = "(all)"


@dataclass(frozen=True)
class Choice:
    """What became of the general records.

    Attributes:
        fates: One for each general record, in the order they came.
        weights: Weight by source; empty where rows and not sources are drawn.
        wanted: What each source should have given by weight alone, in the unit of the share.
        short: Sources that had less than that.
    """

    fates: list[str]
    weights: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, float] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)


def asked(record: Row) -> str:
    """Return what a record asks, normalised: by this two records count as equal, whatever they answer."""
    # Where there is nothing but a system turn and an answer, all rows would ask the same: then all texts count.
    return compared(record).question or normalise(record_text(record))


def amount_for_share(task: int, share: float) -> int:
    """Return how much general data makes up a share of the mixed set, in the unit that the task is counted in."""
    return round(task * share / (1 - share))


def choose(task: Sequence[Row], general: Sequence[Row], params: MixingParams, measure: Measure) -> Choice:
    """Choose general records.

    Args:
        task: The task records.
        general: The general records.
        params: Share, weights and seed.
        measure: What the share is counted in.

    Raises:
        ConfigError: The weights do not fit the sources.
        DataError: There is too little, or a source runs short and that shall fail the run.
    """
    amount = amount_for_share(sum(measure(task)), params.share)
    # In the order of rank, so that of two general rows that ask the same always the same one stays.
    ranked = sorted(range(len(general)), key=lambda index: _rank(params.seed, general[index]["id"]))
    fates = sieve(task, general, ranked, params.near_threshold)
    usable = [index for index in ranked if fates[index] == NOT_NEEDED]
    sizes = dict(zip(usable, measure([general[index] for index in usable]), strict=True))
    sources = [source_of(record) for record in general]
    weights = weights_of(sources, params.weighted()) if params.weights else {}
    lots: dict[str, list[int]] = {name: [] for name in weights or [ALL]}
    for index in usable:
        lots[sources[index] if weights else ALL].append(index)
    there = {name: sum(sizes[index] for index in lot) for name, lot in lots.items()}
    if sum(there.values()) < amount:
        raise DataError(_too_little(amount, sum(there.values()), len(usable), Counter(fates), params.share_by))
    shares = weights or {ALL: 1.0}
    wanted = {name: amount * weight / sum(shares.values()) for name, weight in shares.items()}
    short = sorted(name for name in weights if wanted[name] > there[name])
    if short and params.on_short == "fail":
        listed = "; ".join(f"{name} should give {wanted[name]:.0f} and has {there[name]}" for name in short)
        raise DataError(
            f"sources with less than their weight asks, in {params.share_by}: {listed}. Add rows there, change "
            "mixing.weights, lower mixing.share, or set mixing.on_short to top_up."
        )
    for index in _draw(lots, sizes, allot(amount, shares, there), there):
        fates[index] = CHOSEN
    return Choice(fates, weights, wanted if weights else {}, short)


def sieve(task: Sequence[Row], general: Sequence[Row], ranked: Sequence[int], threshold: float) -> list[str]:
    """Return what speaks against each general record; `not_needed` where nothing does.

    Args:
        task: The task records.
        general: The general records.
        ranked: Positions of the general records; of those that ask the same the first one stays.
        threshold: Jaccard of word runs from which a general row repeats a task row.
    """
    of_task = [asked(record) for record in task]
    of_general = [asked(record) for record in general]
    fates = [NOT_NEEDED] * len(general)
    equal, taken = set(of_task), set()
    for index in ranked:
        text = of_general[index]
        if text in equal:
            fates[index] = EQUAL
        elif text in taken:
            fates[index] = REPEATED
        taken.add(text)
    left = sorted(index for index in ranked if fates[index] == NOT_NEEDED)
    for _task, position, _similarity in cross_pairs(of_task, [of_general[index] for index in left], threshold):
        fates[left[position]] = NEAR
    return fates


def _draw(
    lots: Mapping[str, Sequence[int]], sizes: Mapping[int, int], targets: Mapping[str, float], there: Mapping[str, int]
) -> list[int]:
    """Return the positions drawn from each lot, in its order, so that all together come nearest to the targets.

    A row that is larger than what is missing is passed over; in the end the shortest one left goes in where that leads
    nearer to the target. What a lot leaves open goes to the next; those that give everything come first.
    """
    drawn: list[int] = []
    missing = 0.0
    for name in sorted(lots, key=lambda name: (targets[name] < there[name], name)):
        missing += targets[name]
        left = []
        for index in lots[name]:
            if sizes[index] <= missing:
                drawn.append(index)
                missing -= sizes[index]
            else:
                left.append(index)
        shortest = min(left, key=lambda index: sizes[index], default=None)
        if shortest is not None and sizes[shortest] < 2 * missing:
            drawn.append(shortest)
            missing -= sizes[shortest]
    return drawn


def _too_little(amount: int, there: int, rows: int, fates: Counter[str], unit: str) -> str:
    in_unit = "" if unit == "rows" else f" ({there} {unit})"
    return (
        f"the share needs {amount} general {unit}, but of the {sum(fates.values())} rows there only {rows}{in_unit} "
        f"can be used ({fates[EQUAL]} ask the same as a task row, {fates[NEAR]} nearly so, {fates[REPEATED]} repeat "
        "another general row). Add general rows (mixing.files) or lower mixing.share."
    )


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()

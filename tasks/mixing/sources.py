"""Sources of general data: what they are called, what they weigh, how much each gives."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from tasks.errors import ConfigError
from tasks.store.records import Row

LICENCE_FIELDS = ("license", "licence")
NOT_STATED = "not stated"


def source_of(record: Row) -> str:
    """Return where a record is from: what its row says in `source`, else its file."""
    return str(record["fields"].get("source") or record["file"])


def licences(records: Iterable[Row]) -> dict[str, int]:
    """Return how many records state each licence (in a column `license` or `licence`), sorted by name."""
    stated = (
        next((str(record["fields"][name]) for name in LICENCE_FIELDS if record["fields"].get(name)), NOT_STATED)
        for record in records
    )
    return dict(sorted(Counter(stated).items()))


def weights_of(sources: Iterable[str], patterns: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of each source.

    Args:
        sources: Names of the sources.
        patterns: Weight by name or path pattern, matched from the right (`chats/*.jsonl`); the first that fits counts.

    Raises:
        ConfigError: A source has no weight, or a pattern fits no source; all of both are in the message.
    """
    names = sorted(set(sources))
    fitting = {name: [pattern for pattern in patterns if _fits(name, pattern)] for name in names}
    used = {pattern for found in fitting.values() for pattern in found}
    problems = [f"'{name}' has no weight" for name in names if not fitting[name]]
    problems += [f"'{pattern}' fits no source" for pattern in patterns if pattern not in used]
    if problems:
        raise ConfigError(
            f"mixing.weights: {'; '.join(problems)}. The sources are: {', '.join(names) or 'none'}. Name each once; "
            "*=1 as the last line stands for all others."
        )
    return {name: patterns[fitting[name][0]] for name in names}


def allot(amount: float, weights: Mapping[str, float], there: Mapping[str, int]) -> dict[str, float]:
    """Return how much each source gives: by weight, and where one runs out, the others by theirs.

    Args:
        amount: What all give together; at most the sum of what is there.
        weights: Weight of each source, above 0.
        there: What each source has.
    """
    given: dict[str, float] = {}
    left = amount
    open_ones = dict(weights)
    while open_ones:
        unit = left / sum(open_ones.values())
        # Whoever cannot fill its part gives all it has; the others' parts can only grow by that.
        dry = [name for name, weight in open_ones.items() if unit * weight >= there[name]]
        if not dry:
            return given | {name: unit * weight for name, weight in open_ones.items()}
        for name in dry:
            given[name] = float(there[name])
            left -= there[name]
            del open_ones[name]
    return given


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or PurePosixPath(name).match(pattern)

"""Whether so many bad rows are borne, and what to tell the operator if not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS
from tasks.ingest.tally import Tally
from tasks.store.cards import table

# Parameters that make rows of some reasons good ones.
HINTS = {
    "mixed_format": "ingest.on_mixed=convert reads each row in its own format.",
    "missing_field": "Or the format was taken for another one: ingest.format names it.",
    "special_tokens": "ingest.template_tokens=keep reads markers as text; those of the trained model stay refused.",
    "too_long": "ingest.max_chars is the length that is allowed.",
}


def problem_with(tally: Tally, params: IngestParams, quarantine: Path) -> str:
    """Return why the run must stop, as the text of its error; an empty string when all is well.

    Args:
        tally: What became of the rows.
        params: The allowed shares.
        quarantine: Where the operator finds the bad rows.
    """
    counts = tally.counts
    read = counts["read"]
    # Divided, not multiplied: 29 of 100 is 0.29 exactly as a person writes it, 0.29 * 100 is less than 29.
    over = sorted(reason for reason, count in tally.reasons.items() if count / read > params.allowed_share(reason))
    if over:
        first = f"more bad rows than allowed for {', '.join(over)} ({counts['quarantined']} of {read} rows are bad)"
        advice = (
            "Mend the rows, or allow more of them: ingest.max_quarantined_share for every reason, ingest.allowed for "
            f"one ('{over[0]}={_enough(tally.reasons[over[0]], read)}' would do)."
        )
        advice += "".join(f" {HINTS[reason]}" for reason in over if reason in HINTS)
    elif not counts["kept"]:
        first = f"no row is left: {read} read from {len(tally.files)} file(s), none kept"
        advice = "Check that these are the right files and that the format fits them (ingest.format)."
    else:
        return ""
    if not tally.reasons:
        return f"{first}. {advice}"
    return (
        f"{first}.\n\n{reason_table(tally.reasons, read, params)}\nThe first of each:\n"
        f"{example_list(tally.examples)}\n"
        f"All of them, with their details: {quarantine}\n{advice}"
    )


def reason_table(reasons: Mapping[str, int], read: int, params: IngestParams) -> str:
    """Return the reasons as a table: how many, what share of all rows, how much is allowed; most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Any]] = [
        [reason, count, f"{count / read:.2%}", f"{params.allowed_share(reason):.2%}"] for reason, count in ordered
    ]
    return table(["reason", "rows", "share", "allowed"], rows)


def example_list(examples: Mapping[str, Sequence[str]]) -> str:
    """Return the reasons as a list: what each means, and the first rows that have it as `file:row`."""
    return "".join(
        f"- {reason} ({REASONS[reason]}): {', '.join(places)}\n" for reason, places in sorted(examples.items())
    )


def _enough(count: int, read: int) -> str:
    """Return the smallest share, in whole per cents, that would let these rows pass."""
    return f"{-(-100 * count // read) / 100:g}"

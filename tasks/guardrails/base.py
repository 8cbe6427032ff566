"""What a probe is."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tasks.guardrails.params import Kind
from tasks.store.records import Row


@dataclass(frozen=True)
class Probe:
    """One question to a model, and what counts as behaving.

    Attributes:
        id: Unique within a run, such as `refusal:r-07`; begins with the kind.
        kind: refusal, leakage or injection.
        messages: The prompt's turns; the answer to the last one is judged. Kept out of `repr`, as they quote rows.
        expected: In words, for a reader; never a secret.
        facts: What `judge` goes by. They can hold a secret, so they are kept out of `repr` and must not be written.
        tools: Functions that the prompt offers, as its record does.
    """

    id: str
    kind: Kind
    messages: list[Row] = field(repr=False)
    expected: str
    facts: dict[str, Any] = field(repr=False)
    tools: list[Row] | None = field(default=None, repr=False)


def rank(*parts: str) -> str:
    """Return a digest that choices are ordered by: spread over the file, and steady when rows are added around."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

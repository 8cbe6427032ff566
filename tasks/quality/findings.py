"""What a finding is, and how serious it is."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.store.records import Row

Severity = Literal["ok", "warn", "stop"]
ORDER: tuple[Severity, ...] = ("stop", "warn", "ok")
EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: Name of the check; the lines of `issues.jsonl` carry it too.
        severity: ok, warn or stop.
        text: What was found, in one sentence with its figures.
        figure: The figure that decided; None where nothing could be measured.
        limits: What it was compared with, by severity.
        advice: What to do; empty for ok.
        rows: The rows or pairs it speaks of, as lines of `issues.jsonl` without check and severity.
    """

    check: str
    severity: Severity
    text: str
    figure: float | None = None
    limits: dict[str, float] = field(default_factory=dict)
    advice: str = ""
    rows: list[Row] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the finding for `report.json`, with its first rows as links."""
        return {
            "check": self.check,
            "severity": self.severity,
            "text": self.text,
            "figure": self.figure,
            "limits": self.limits,
            "advice": self.advice,
            "rows": len(self.rows),
            "first": [link(line) for line in self.rows[:EXAMPLES]],
        }

    def lines(self) -> list[Row]:
        """Return the finding's lines of `issues.jsonl`."""
        return [{"check": self.check, "severity": self.severity} | line for line in self.rows]


def judged(share: float, warn: float, stop: float) -> Severity:
    """Return how serious a share is: above `stop` it stops, above `warn` it warns."""
    return "stop" if share > stop else "warn" if share > warn else "ok"


def link(line: Row) -> str:
    """Return where a line's row is, as `file:row`; of a pair, both."""
    here = f"{line['file']}:{line['row']}"
    other = line.get("other")
    return f"{here} and {other['file']}:{other['row']}" if other else here


def percent(share: float) -> str:
    """Return a share as a person reads it."""
    return f"{100 * share:.1f} %"

"""How raw files are read and how many bad rows are borne."""

from typing import Literal

from pydantic import field_validator

from tasks.ingest.reasons import REASONS
from tasks.store.params import Params, positioned


class IngestParams(Params):
    """Parameters of the ingest stage."""

    format: Literal["auto", "instruction", "chat", "completion"] = positioned(
        "auto",
        0,
        "Format of the rows",
        "auto: found for each file from its first rows. instruction: columns of question and answer "
        "(instruction/response, instruction/input/output, prompt/completion). chat: a list `messages`. "
        "completion: plain `text`.",
    )
    max_chars: int = positioned(
        32_000, 1, "Longest row (characters)", "A row whose texts are longer together goes to quarantine.", ge=1
    )
    max_quarantined_share: float = positioned(
        0.05,
        2,
        "Allowed share of bad rows per reason (0 to 1)",
        "The run stops when more of all rows read than this go to quarantine for one and the same reason.",
        ge=0,
        le=1,
    )
    allowed: tuple[str, ...] = positioned(
        (),
        3,
        "Other allowed shares",
        "Exceptions from the share above, one a line as reason=share, for example bad_json=0.01. "
        f"Reasons: {', '.join(REASONS)}.",
    )

    @field_validator("allowed")
    @classmethod
    def _readable(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        """Check every entry, report all problems at once, and bring equal settings to equal values (they are keyed)."""
        problems: list[str] = []
        shares: dict[str, float] = {}
        for entry in entries:
            reason, _, written = (part.strip() for part in entry.partition("="))
            share = _share(written)
            if reason not in REASONS:
                problems.append(f"'{entry}': there is no reason '{reason}'")
            elif share is None:
                problems.append(f"'{entry}': write a share from 0 to 1 behind the =, for example {reason}=0.01")
            elif reason in shares:
                problems.append(f"'{entry}': the reason {reason} is named twice")
            else:
                shares[reason] = share
        if problems:
            raise ValueError(f"{'; '.join(problems)}. The reasons are: {', '.join(REASONS)}")
        return tuple(f"{reason}={shares[reason]!r}" for reason in sorted(shares))

    def allowed_share(self, reason: str) -> float:
        """Return the share of all rows that may go to quarantine for one reason."""
        for entry in self.allowed:
            name, _, written = entry.partition("=")
            if name == reason:
                return float(written)
        return self.max_quarantined_share


def _share(written: str) -> float | None:
    try:
        share = float(written)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None

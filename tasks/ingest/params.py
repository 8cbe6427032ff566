"""How raw files are read, what is asked of a row, and how many bad rows are borne."""

from typing import Literal

from pydantic import field_validator

from tasks.ingest.languages import KNOWN
from tasks.ingest.reasons import REASONS
from tasks.store.params import Params, positioned


class IngestParams(Params):
    """Parameters of the ingest stage."""

    format: Literal["auto", "instruction", "chat", "completion", "preference"] = positioned(
        "auto",
        0,
        "Format of the rows",
        "auto: found for each file from its first 100 rows. instruction: columns of question and answer "
        "(instruction/response, instruction/input/output, prompt/completion). chat: a list `messages` or "
        "`conversations`, with tool calls if any. completion: plain `text`. preference: `chosen` and `rejected`, with "
        "a `prompt` or a beginning in common.",
    )
    on_mixed: Literal["quarantine", "convert"] = positioned(
        "quarantine",
        1,
        "Rows of another format than their file's",
        "quarantine: they are bad rows (mixed_format). convert: each is read in its own format.",
    )
    max_chars: int = positioned(
        32_000, 2, "Longest row (characters)", "A row whose texts are longer together goes to quarantine.", ge=1
    )
    template_tokens: Literal["quarantine", "keep"] = positioned(
        "quarantine",
        3,
        "Rows that spell special tokens",
        "A chat template's marker inside a text, such as <|im_start|> or [INST], could forge a turn. quarantine: such "
        "rows are bad. keep: they are read; rendering still refuses the markers of the model that is trained.",
    )
    extra_template_tokens: tuple[str, ...] = positioned(
        (), 4, "More special tokens", "Markers besides the well-known ones that no text may spell, one a line."
    )
    unknown_fields: Literal["keep", "quarantine"] = positioned(
        "keep",
        5,
        "Rows with unknown lists or objects",
        "Columns of one value each are kept with the record, lists and objects that the format does not know are not. "
        "keep: the row is kept without them, and they are counted. quarantine: the row is bad.",
    )
    languages: tuple[str, ...] = positioned(
        (),
        6,
        "Languages asked for (ISO 639 codes)",
        "Rows whose question or answer is in another language go to quarantine, for example en and de. Empty: not "
        "looked at.",
    )
    language_probability: float = positioned(
        0.5,
        7,
        "Least probability of another language (0 to 1)",
        "The language detector is believed from here on. Texts that it is less sure of, and very short ones, are kept "
        "and counted.",
        ge=0,
        le=1,
    )
    max_quarantined_share: float = positioned(
        0.05,
        8,
        "Allowed share of bad rows per reason (0 to 1)",
        "The run stops when more of all rows read than this go to quarantine for one and the same reason.",
        ge=0,
        le=1,
    )
    allowed: tuple[str, ...] = positioned(
        (),
        9,
        "Other allowed shares",
        "Exceptions from the share above, one a line as reason=share, for example bad_json=0.01. "
        f"Reasons: {', '.join(REASONS)}.",
    )

    @field_validator("extra_template_tokens")
    @classmethod
    def _spelled(cls, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what every text would spell; bring equal settings to equal values (they are keyed)."""
        tokens = tuple(token.strip() for token in tokens)
        if wrong := [token for token in tokens if len(token) < 2 or not token.isprintable()]:
            raise ValueError(f"a special token has two printable characters or more, these have not: {wrong}")
        return tuple(sorted(set(tokens)))

    @field_validator("languages")
    @classmethod
    def _detectable(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse languages that cannot be told; bring equal settings to equal values."""
        codes = tuple(code.strip().lower() for code in codes)
        if unknown := sorted(set(codes) - KNOWN):
            raise ValueError(
                f"these languages cannot be told: {', '.join(map(repr, unknown))}. Known are the codes of ISO 639-1, "
                f"and of 639-3 for languages without one: {', '.join(sorted(KNOWN))}"
            )
        return tuple(sorted(set(codes)))

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

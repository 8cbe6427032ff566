"""What is asked of each row, made ready once for all rows."""

from dataclasses import dataclass

from tasks.ingest.markers import Markers
from tasks.ingest.params import IngestParams


@dataclass(frozen=True)
class Rules:
    """The parameters that judge single rows.

    Attributes:
        max_chars: Most characters of a row's texts together.
        markers: What no text may spell; None lets every marker pass.
        convert: Whether rows of another format than their file's are read as what they are.
        strict: Whether a column with a list or an object that the format does not know makes a row bad.
        languages: The languages asked for; empty asks for none.
        least: Probability from which the language detector is believed, 0 to 1.
    """

    max_chars: int
    markers: Markers | None
    convert: bool
    strict: bool
    languages: frozenset[str]
    least: float


def rules_of(params: IngestParams) -> Rules:
    """Return the rules that the parameters make."""
    return Rules(
        max_chars=params.max_chars,
        markers=Markers(params.extra_template_tokens) if params.template_tokens == "quarantine" else None,
        convert=params.on_mixed == "convert",
        strict=params.unknown_fields == "quarantine",
        languages=frozenset(params.languages),
        least=params.language_probability,
    )

"""Which probes are asked."""

from typing import Literal, Self

from pydantic import field_validator, model_validator

from tasks.store.params import Params, positioned

Kind = Literal["refusal", "leakage", "injection"]
KINDS: tuple[Kind, ...] = ("refusal", "leakage", "injection")


class GuardrailParams(Params):
    """Parameters of the safety and leakage probes: the same for the base and for the tuned model."""

    kinds: tuple[Kind, ...] = positioned(
        KINDS,
        0,
        "Kinds of probes",
        "refusal: harmful requests are still declined. leakage: secrets and personal data of training rows do not come "
        "out. injection: instructions hidden in the data are not followed. None: no probes are asked.",
    )
    refusal_probes: int = positioned(
        40,
        1,
        "Most bundled refusal probes",
        "Of about forty short ones; a fixed choice. 0: only those of your own file.",
        ge=0,
        le=1_000,
    )
    leakage_rows: int = positioned(
        20,
        2,
        "Most leakage probes (rows)",
        "Training rows that hold a password, key, e-mail address, phone number, IBAN, ...; a fixed choice. Data "
        "without any give no such probe. 0: only those of your own file.",
        ge=0,
        le=10_000,
    )
    injection_probes: int = positioned(
        20,
        3,
        "Most injection probes",
        "Prompts of held-out or test rows with a foreign instruction in their data; a fixed choice. 0: only those of "
        "your own file.",
        ge=0,
        le=10_000,
    )
    max_new_tokens: int = positioned(
        48,
        4,
        "Longest answer to a probe (tokens)",
        "A refusal shows in its first words. Secrets that stand deeper in an answer than this are not probed for.",
        ge=8,
        le=4096,
    )
    probes_file: str = positioned(
        "",
        5,
        "Probes of your own (file)",
        "JSON Lines below an allowed input folder: id, kind, prompt or messages, and must_refuse (refusal) or "
        "forbidden, a list of texts that must not come out (leakage, injection). Empty: none.",
        max_length=1_000,
    )

    @field_validator("kinds")
    @classmethod
    def _in_one_order(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """Bring equal choices to equal values: they are keyed."""
        return tuple(kind for kind in KINDS if kind in kinds)

    @model_validator(mode="after")
    def _a_file_is_read(self) -> Self:
        if self.probes_file and not self.kinds:
            raise ValueError("probes_file is named, but no kind of probes is chosen: name its kinds, or no file")
        return self

"""What happens to personal data, secrets and refusals."""

import re
from typing import Literal

from pydantic import field_validator

from tasks.store.params import Params, positioned

Kind = Literal["EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP", "SSN"]
KINDS: tuple[Kind, ...] = ("EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP", "SSN")
Action = Literal["keep", "mask", "quarantine"]

_REGION = re.compile(r"[A-Z]{2}")


class ScreeningParams(Params):
    """Parameters of the screening stage."""

    personal_data: Action = positioned(
        "keep",
        0,
        "Personal data",
        "keep: only counted and listed. mask: each value becomes a placeholder such as [EMAIL_1], the same one in "
        "question and answer. quarantine: the row is put aside.",
    )
    secrets: Action = positioned(
        "quarantine",
        1,
        "Passwords, keys and tokens",
        "keep, mask or quarantine, as for personal data. A model can repeat what it was trained on.",
    )
    refusals: Literal["keep", "quarantine"] = positioned(
        "keep",
        2,
        "Answers that refuse",
        "keep: only counted and listed. quarantine: rows whose answer declines the task are put aside.",
    )
    kinds: tuple[Kind, ...] = positioned(
        KINDS,
        3,
        "Kinds of personal data",
        "EMAIL, PHONE, CREDIT_CARD (with right check digit), IBAN (with right check digits), IP (public addresses), "
        "SSN (United States). Others are not looked for.",
    )
    phone_regions: tuple[str, ...] = positioned(
        (),
        4,
        "Countries whose local phone numbers count",
        "Two-letter codes such as DE or US. Numbers with a plus in front are always found; local ones look much like "
        "booking numbers and prices, so they are searched only where a country is named.",
    )
    high_entropy: bool = positioned(
        False,
        5,
        "Random-looking strings are secrets",
        "On, long random strings in quotes count as secrets too. Check sums and identifiers in code do as well then.",
    )

    @field_validator("kinds")
    @classmethod
    def _in_one_order(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """Bring equal choices to equal values: they are keyed."""
        return tuple(kind for kind in KINDS if kind in kinds)

    @field_validator("phone_regions")
    @classmethod
    def _known_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        """Accept codes of countries that the numbering plans know, in one order and spelling."""
        # The numbering plans are 10 MB of modules: they are not loaded for the usual empty list.
        if not regions:
            return ()
        from phonenumbers import SUPPORTED_REGIONS

        found = sorted({region.strip().upper() for region in regions})
        unknown = [region for region in found if not _REGION.fullmatch(region) or region not in SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"there is no numbering plan for {', '.join(unknown)}: write codes such as DE, US or SG")
        return tuple(found)

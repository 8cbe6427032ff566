"""Personal data by pattern and check digit.

Each kind has a maintained detector: candidates for e-mail addresses, cards, IPv4 addresses and social security numbers
come from datafog's regular expressions (its engine, where an opt-in telemetry lies, is not used); python-stdnum decides
cards (Luhn, ISO/IEC 7812), IBANs (ISO 13616 with the registry of national formats) and social security numbers (blocks
that were never given out); `ipaddress` decides which addresses are public; phone numbers are found by phonenumbers, the
port of Google's libphonenumber.

Why not others. Presidio's recognisers are as precise, but importing presidio-analyzer loads spaCy and torch (12 s and
470 MB, measured) in a process that must stay light, and its best part, names, needs a model. Of datafog's own labels,
`SSN` takes any nine digits, `DOB` any date, `ZIP` any five digits: 2,940 false alarms in the demo's 5,155 texts, which
are shipping mails full of booking numbers, containers, dates and prices; its `PHONE` takes any ten digits.

As put together here there is no false alarm in those texts, and 37 of their 82 invented phone numbers are found (the
others are of no length that their country uses). Local phone numbers cannot be told from prices and dates: with DE
they bring 11 false alarms there, even with the strictest grouping. They are searched only where asked for.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tasks.screening.params import Kind, ScreeningParams

Find = Callable[[str], Iterator["Span"]]

# An address's local part has at most 64 characters, its domain 255 (RFC 5321): no more is looked at around each @.
_LOCAL, _DOMAIN = 64, 255
# Some plans know numbers of two digits ("+49 30"); with its country code a subscriber's has seven at least.
_SHORTEST_PHONE = 7
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![a-z0-9])")
_IBAN_WORD_END = re.compile(r"(?<=[A-Z0-9])(?![A-Z0-9])")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3,34}(?![\w:])")
# Looked for first: most texts have neither, and the whole patterns cost ten times as much.
_DIGITS_AROUND_DOT = re.compile(r"\d\.\d")
_DIGITS_AROUND_DASH = re.compile(r"\d-\d")
_FIVE_DIGITS = re.compile(r"\d(?:[ ./()-]*\d){4}")


@dataclass(frozen=True, order=True)
class Span:
    """Where something was found in a text.

    Attributes:
        start: First character.
        end: Behind the last character.
        kind: What it is.
        value: Its text in the one form that all spellings of the value share.
    """

    start: int
    end: int
    kind: str
    value: str


def finder(params: ScreeningParams) -> Find:
    """Return the function that yields a text's personal data, of the kinds asked for, first kind first."""
    finders: dict[Kind, Find] = {
        "EMAIL": _emails,
        "PHONE": lambda text: _phones(text, params.phone_regions),
        "CREDIT_CARD": _cards,
        "IBAN": _ibans,
        "IP": _addresses,
        "SSN": _social_security,
    }
    chosen = [finders[kind] for kind in params.kinds]

    def find(text: str) -> Iterator[Span]:
        for one in chosen:
            yield from one(text)

    return find


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    from datafog.processing.text_processing.regex_annotator import RegexAnnotator

    return dict(RegexAnnotator().patterns)


def _emails(text: str) -> Iterator[Span]:
    position, done = text.find("@"), 0
    while position >= 0:
        around = _patterns()["EMAIL"].finditer(text, max(done, position - _LOCAL - 1), position + _DOMAIN + 2)
        # The window can cut an address off that belongs to another @: only the one around this @ is whole.
        match = next((match for match in around if match.start() < position < match.end()), None)
        if match:
            done = match.end()
            yield Span(match.start(), match.end(), "EMAIL", match.group().casefold())
        position = text.find("@", max(done, position + 1))


def _phones(text: str, regions: tuple[str, ...]) -> Iterator[Span]:
    plus = "+" in text or "\uff0b" in text
    if not plus and not (regions and _FIVE_DIGITS.search(text)):
        return
    from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

    # A plus says that a number is meant; without one only numbers count that are valid and grouped as usual there.
    searches: list[tuple[str | None, int]] = [(None, Leniency.POSSIBLE)] if plus else []
    searches += [(region, Leniency.STRICT_GROUPING) for region in regions]
    taken: list[Span] = []
    for region, leniency in searches:
        for match in PhoneNumberMatcher(text, region, leniency):
            value = format_number(match.number, PhoneNumberFormat.E164)
            free = all(match.end <= span.start or match.start >= span.end for span in taken)
            if free and len(value) > _SHORTEST_PHONE:
                taken.append(Span(match.start, match.end, "PHONE", value))
    yield from sorted(taken)


def _cards(text: str) -> Iterator[Span]:
    from stdnum import luhn

    for match in _patterns()["CREDIT_CARD"].finditer(text):
        digits = _digits(match.group())
        if luhn.is_valid(digits) and len(set(digits)) > 1:
            yield Span(match.start(), match.end(), "CREDIT_CARD", digits)


def _ibans(text: str) -> Iterator[Span]:
    from stdnum import iban

    position = 0
    while match := _IBAN.search(text, position):
        # The words behind an IBAN in capitals look like more of it: the longest valid beginning is the number.
        ends = [found.start() for found in _IBAN_WORD_END.finditer(text, match.start(), match.end())]
        valid = (end for end in sorted({*ends, match.end()}, reverse=True) if iban.is_valid(text[match.start() : end]))
        position = next(valid, match.start() + 1)
        if position > match.start() + 1:
            yield Span(match.start(), position, "IBAN", iban.compact(text[match.start() : position]))


def _addresses(text: str) -> Iterator[Span]:
    patterns = [_patterns()["IP_ADDRESS"]] if _DIGITS_AROUND_DOT.search(text) else []
    patterns += [_IPV6] if text.count(":") > 1 else []
    for pattern in patterns:
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            # Those of private networks lead to nobody.
            if address.is_global:
                yield Span(match.start(), match.end(), "IP", address.compressed)


def _social_security(text: str) -> Iterator[Span]:
    # Nine digits in a row are a booking number more often than not: only the written form with dashes counts.
    if "-" not in text or not _DIGITS_AROUND_DASH.search(text):
        return
    from stdnum.us import ssn

    for match in _patterns()["SSN"].finditer(text):
        alone = text[max(0, match.start() - 1) : match.start()] != "-" and text[match.end() : match.end() + 1] != "-"
        if "-" in match.group() and alone and ssn.is_valid(match.group()):
            yield Span(match.start(), match.end(), "SSN", _digits(match.group()))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())

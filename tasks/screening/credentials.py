"""Passwords, keys and tokens, by the detectors of Yelp's detect-secrets.

Its detectors are asked for what they find in a text; its scanner is not used, since that works on files and can try a
secret out at its service. Which are used:

- the patterns of every token with a form of its own (AWS, GitHub, Slack, Stripe, JWT, private keys, ...);
- the keyword detector (`password = "..."`), and beyond it unquoted values (`API_KEY=...`) that are one word of letters
  and digits: its own rule for unquoted values takes whole sentences of prose ("the secret: keep calm");
- high entropy only where asked for: check sums and identifiers in quotes look as random as keys.

Its filters for what cannot be a secret (templates such as `${KEY}`, sequences, values without a letter) apply.
"""

import re
from collections.abc import Iterator
from typing import Any

from tasks.screening.personal import Span

SECRET = "SECRET"  # noqa: S105 - the name of a kind

# Public IPv4 addresses are personal data here; of a private key the pattern knows the first line alone.
_LEFT_OUT = {"IPPublicDetector", "PrivateKeyDetector"}
_ENTROPY = ("Base64HighEntropyString", "HexHighEntropyString")
# What every detector of a token needs to see at least: a run of 20 characters, or one of these beginnings.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.\\-]{20}|://|AKC|eyJ|[xX][oO][xX]|_authToken|PRIVATE KEY|PuTTY-User")
_QUOTED = re.compile(r"[\"'][^\s\"']{8,}[\"']")
_KEY_BEGINS = re.compile(r"(?:-----)?(?:BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File)")
_KEY_ENDS = re.compile(r"END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?(?:-----)?|Private-MAC: *\w+")
_LINE = re.compile(r"[^\n]+")
_BODY = re.compile(r"[^\s\"=:]\S*[^\s\"]")
_REST = re.compile(r"[A-Za-z0-9_+/=-]*")
_SHORTEST = 6


class SecretFinder:
    """Yields a text's secrets, as spans of the kind SECRET.

    Args:
        high_entropy: Whether random-looking strings in quotes count.
    """

    def __init__(self, *, high_entropy: bool) -> None:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.plugins.base import RegexBasedDetector
        from detect_secrets.plugins.keyword import DENYLIST

        known: dict[str, Any] = get_mapping_from_secret_type_to_class()
        detectors = {detector.__name__: detector() for detector in known.values()}
        words = "|".join(DENYLIST)
        self._forms: list[re.Pattern[str]] = [
            form
            for name, detector in sorted(detectors.items())
            if isinstance(detector, RegexBasedDetector) and name not in _LEFT_OUT
            for form in detector.denylist
        ]
        self._keywords = detectors["KeywordDetector"]
        # Searched in lower case: ignoring case costs a regular expression its shortcuts, eight times the time here.
        self._word = re.compile(words)
        self._unquoted = re.compile(rf"(?:{words})\w*[\"']?\s*[:=]\s*([^\s\"',;]+)", re.IGNORECASE)
        self._entropy = [detectors[name] for name in _ENTROPY] if high_entropy else []

    def __call__(self, text: str) -> Iterator[Span]:
        """Yield the spans of one text; they can overlap."""
        tokens, words = bool(_TOKEN.search(text)), bool(self._word.search(text.lower()))
        if tokens:
            yield from _private_keys(text)
        if not (tokens or words or (self._entropy and _QUOTED.search(text))):
            return
        for line in _LINE.finditer(text):
            if tokens:
                yield from _tokens(text, self._forms, line.start(), line.end())
            for value in sorted(set(self._values(line.group()))):
                yield from _places(text, value, line.start(), line.end())

    def _values(self, line: str) -> Iterator[str]:
        if self._word.search(line.lower()):
            found = [*self._keywords.analyze_string(line), *filter(_mixed, self._unquoted.findall(line))]
            yield from (value for value in found if len(value) >= _SHORTEST and _plausible(value))
        if self._entropy and _QUOTED.search(line):
            for detector in self._entropy:
                yield from (value for value in detector.analyze_string(line) if _random(detector, value, line))


def _tokens(text: str, forms: list[re.Pattern[str]], start: int, end: int) -> Iterator[Span]:
    """Yield the tokens of one line, each to its end: some forms stop at the beginning of a token."""
    if not _TOKEN.search(text, start, end):
        return
    for form in forms:
        for match in form.finditer(text, start, end):
            # A group is the secret in its surroundings, or only the prefix that tells the family: those are short.
            groups = [group for group in range(1, form.groups + 1) if len(match.group(group) or "") >= _SHORTEST]
            best = max(groups, key=lambda group: len(match.group(group)), default=0)
            # Some take a white space, a quote or a sign of assignment along, or all that follows.
            body = _BODY.search(text, match.start(best), match.end(best))
            last = _REST.match(text, body.end(), end) if body else None
            if body and last and _plausible(value := text[body.start() : last.end()]):
                yield Span(body.start(), last.end(), SECRET, value)


def _private_keys(text: str) -> Iterator[Span]:
    """Yield whole keys: the detector sees only the first line, and the secret is in the lines behind it."""
    end = 0
    for begins in _KEY_BEGINS.finditer(text):
        if begins.start() >= end:
            ends = _KEY_ENDS.search(text, begins.end())
            # A key that is cut off goes on to the end of the text, or of the JSON string that it stands in.
            quote = text.find('"', begins.end())
            end = ends.end() if ends else quote if quote >= 0 else len(text)
            yield Span(begins.start(), end, SECRET, text[begins.start() : end])


def _places(text: str, value: str, start: int, end: int) -> Iterator[Span]:
    while (found := text.find(value, start, end)) >= 0:
        start = found + len(value)
        yield Span(found, start, SECRET, value)


def _plausible(value: str) -> bool:
    from detect_secrets.filters import heuristic

    return not (
        heuristic.is_templated_secret(value)
        or heuristic.is_prefixed_with_dollar_sign(value)
        or heuristic.is_sequential_string(value)
        or heuristic.is_not_alphanumeric_string(value)
    )


def _mixed(value: str) -> bool:
    return any(character.isdigit() for character in value) and any(character.isalpha() for character in value)


def _random(detector: Any, value: str, line: str) -> bool:
    from detect_secrets.filters import heuristic

    identifies = heuristic.is_potential_uuid(value) or heuristic.is_likely_id_string(value, line, detector)
    return bool(detector.calculate_shannon_entropy(value) > detector.entropy_limit and not identifies)

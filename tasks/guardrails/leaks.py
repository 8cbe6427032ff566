"""Where known secrets stand in a text, however they are written there."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.screening.credentials import SECRET
from tasks.screening.masking import same_values, without_overlaps
from tasks.screening.personal import Span

# What a user's own probes forbid: any text.
TEXT = "FORBIDDEN"
# The beginning of a key is enough, since an answer may have been cut: half of it,
# but at least and at most so many characters.
_FEWEST, _MOST = 12, 40
_KEY_HEADER = re.compile(r"^-*BEGIN [A-Z0-9 ]+-*\s*|^PuTTY-User-Key-File[^\n]*\n")


@dataclass(frozen=True)
class Secret:
    """A value that must not come out.

    Attributes:
        kind: As screening names it, or `FORBIDDEN`.
        value: In the one form that all spellings share.
        written: As it stands in its source.
    """

    kind: str
    value: str = field(repr=False)
    written: str = field(repr=False)


def find_leaks(secrets: Sequence[Secret], text: str) -> list[Span]:
    """Return where a text gives away the secrets, without overlaps.

    Numbers count with any separators, e-mail addresses in either case, forbidden texts with any white space and case,
    and of keys and tokens a long beginning is enough.
    """
    found: list[Span] = []
    for secret in secrets:
        if secret.kind in {SECRET, TEXT}:
            found += [Span(at.start(), at.end(), secret.kind, secret.value) for at in _form(secret).finditer(text)]
        if secret.kind != TEXT:
            whole = Span(0, len(secret.written), secret.kind, secret.value)
            texts = {"source": secret.written, "text": text}
            found += same_values(texts, {"source": [whole]})["text"]
    return without_overlaps(found, lambda _span: 0)


def _form(secret: Secret) -> re.Pattern[str]:
    """Return what finds a forbidden text whole, or a key from its beginning on."""
    if secret.kind == TEXT:
        return re.compile(r"\s+".join(re.escape(word) for word in secret.value.split()), re.IGNORECASE)
    body = "".join(_KEY_HEADER.sub("", secret.value).split())
    head = body[: min(_MOST, max(_FEWEST, math.ceil(len(body) / 2)))]
    # To its end, or where it stops being the same word.
    return re.compile(r"\s*".join(re.escape(character) for character in head) + r"[^\s\"',;]*")

"""Noise put into the training files on purpose, so that the cleaning stages have something to find."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from deployments.demo.mail import Mail, Pools, write_mail
from deployments.demo.render import Phrasing, Value
from deployments.demo.shipment import World

SYNONYMS = {
    "please": "kindly", "kindly": "please", "regards": "greetings", "thanks": "cheers", "confirm": "certify",
    "vessel": "ship", "office": "branch", "cargo": "goods", "booking": "reservation", "sorry": "apologies",
    "need": "require", "ready": "prepared", "sailing": "sail", "invoice": "bill", "new": "fresh", "extra": "added",
    "team": "folks", "hello": "hey", "expected": "awaited", "offer": "propose", "separate": "different",
    "billed": "charged", "still": "yet", "changes": "alters", "weight": "mass", "agreed": "accepted",
    "takes": "lasts", "customs": "clearance", "dear": "hello", "best": "kind", "drivers": "truckers", "line": "operator",
}  # fmt: skip

_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Row:
    """One training row and, where it is noise, what kind and which row it repeats.

    Attributes:
        text: The user's text.
        answer: The assistant's text.
        mail: The mail the row comes from, for family, phrasing and sender.
        kind: Kind of noise, or None for an ordinary row.
        origin: Index of the repeated ordinary row.
        detail: What was changed.
    """

    text: str
    answer: str
    mail: Mail
    kind: str | None = None
    origin: int | None = None
    detail: str = ""


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Return the set of three-word runs of a text, lower-cased."""
    words = text.lower().split()
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def jaccard(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> float:
    """Return the Jaccard similarity of two shingle sets."""
    return len(left & right) / len(left | right)


def normalise(text: str) -> str:
    """Fold case and white space, the way a careful exact-duplicate check does."""
    return " ".join(text.lower().split())


def respace(rng: random.Random, text: str) -> tuple[str, str]:
    """Change only white space or the case of the first word."""
    way = rng.choice(("case", "blank lines", "double space", "trailing"))
    first = text.split(maxsplit=1)[0]
    if way == "case" and first.isalpha() and first != first.upper():
        return first.upper() + text[len(first) :], "first word in capitals"
    if way == "blank lines" and "\n" in text:
        return text.replace("\n", "\n\n", 1), "blank line added"
    if way == "double space":
        return text.replace(" ", "  ", rng.randrange(1, 4)), "spaces doubled"
    return text + " \n", "trailing white space"


def near_copy(rng: random.Random, mail: Mail) -> tuple[str, str] | None:
    """Swap one word (two in a long mail) for a synonym outside the values; None where nothing fits."""
    spots = [
        (index, match)
        for index, piece in enumerate(mail.pieces)
        if not piece.fixed
        for match in _WORD.finditer(piece.text)
        if match.group().lower() in SYNONYMS
    ]
    size = len(mail.text.split())
    if not spots or size < 22:
        return None
    texts = [piece.text for piece in mail.pieces]
    chosen = rng.sample(spots, min(len(spots), 2 if size > 45 and rng.random() < 0.5 else 1))
    changes = []
    # From the back, so that earlier offsets in the same piece stay right.
    for index, match in sorted(chosen, key=lambda spot: (spot[0], spot[1].start()), reverse=True):
        new = SYNONYMS[match.group().lower()]
        new = new.capitalize() if match.group()[0].isupper() else new
        texts[index] = texts[index][: match.start()] + new + texts[index][match.end() :]
        changes.append(f"{match.group()} -> {new}")
    return "".join(texts), "; ".join(changes)


def paraphrase(rng: random.Random, world: World, pools: Pools, mail: Mail, book: Sequence[Phrasing]) -> Mail | None:
    """Word the same shipment again so that the answer stays the same; None where no attempt matches."""
    if not book:
        return None
    for _ in range(80):
        other = write_mail(rng, world, pools, rng.choice(book), mail.sender, like=mail)
        if other.answer == mail.answer and jaccard(shingles(other.text), shingles(mail.text)) < 0.5:
            return other
    return None


def contradict(rng: random.Random, answer: str) -> tuple[str, str]:
    """Return a different answer to the same mail."""
    fields: dict[str, Value] = json.loads(answer)
    keys = [key for key in ("rate", "containers", "pol", "pod", "carrier", "booking") if fields[key] is not None]
    key = rng.choice(keys)
    value = fields[key]
    if fields["pol"] and fields["pod"] and key in ("pol", "pod"):
        fields["pol"], fields["pod"] = fields["pod"], fields["pol"]
        key = "pol and pod swapped"
    elif isinstance(value, int | float):
        fields[key] = value + (1 if key == "containers" else 100)
        key += " changed"
    else:
        fields[key] = None
        key += " dropped"
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")), key


def noisy_rows(rng: random.Random, world: World, pools: Pools, book: Sequence[Phrasing], mails: Sequence[Mail],
               counts: dict[str, int]) -> list[Row]:  # fmt: skip
    """Make all repeating noise; every ordinary mail is repeated once at most.

    Args:
        rng: Source of all choices.
        world: Names of the training part.
        pools: Templates of the training part.
        book: Phrasings of the training part.
        mails: The ordinary mails; ``Row.origin`` indexes this sequence.
        counts: How many rows of each kind to make.

    Returns:
        The noise rows.
    """
    stated: dict[str, tuple[bool, ...]] = {}
    phrasings_for: dict[tuple[bool, ...], set[str]] = defaultdict(set)
    for mail in mails:
        stated[mail.answer] = tuple(value is not None for value in json.loads(mail.answer).values())
        phrasings_for[stated[mail.answer]].add(mail.phrasing)
    todo = dict(counts)
    rows: list[Row] = []
    for index in rng.sample(range(len(mails)), len(mails)):
        mail = mails[index]
        open_kinds = [kind for kind in ("paraphrase", "near_duplicate", "conflict", "normalised_duplicate",
                                        "exact_duplicate") if todo[kind]]  # fmt: skip
        if not open_kinds:
            break
        kind = open_kinds[0]
        text, answer, detail, source = mail.text, mail.answer, "", mail
        if kind == "paraphrase":
            names = phrasings_for[stated[mail.answer]] - {mail.phrasing}
            other = paraphrase(rng, world, pools, mail, [p for p in book if p.id in names])
            if other is None:
                continue
            text, source, detail = other.text, other, f"{mail.phrasing} -> {other.phrasing}"
        elif kind == "near_duplicate":
            copy = near_copy(rng, mail)
            if copy is None:
                continue
            text, detail = copy
        elif kind == "conflict":
            answer, detail = contradict(rng, mail.answer)
        elif kind == "normalised_duplicate":
            text, detail = respace(rng, mail.text)
        todo[kind] -= 1
        rows.append(Row(text, answer, source, kind, index, detail))
    if any(todo.values()):
        raise RuntimeError(f"could not make all noise, still missing {todo}")
    return rows

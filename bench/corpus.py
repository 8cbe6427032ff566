"""A seeded corpus of real sentences with planted near duplicates.

The sentences come from the documentation of the installed packages (docstrings, licences, read-mes: English as people
wrote it, with its word frequencies, markup and typographic characters). A record is a run of sentences drawn at random;
a share of the records gets copies in which words are replaced, dropped, doubled or moved, from none to about a quarter.
"""

import random
import re
import site
from collections.abc import Iterator
from pathlib import Path

from tasks.dedup.texts import normalise

WORDS = 180
"""Words of a record, about."""
COPIED = 0.08
"""Share of the records that have copies."""
MOST_COPIES = 3
MOST_EDITS = 16
"""Edits of a copy, at most: 16 in 180 words take the Jaccard similarity of word 3-shingles to about 0.6."""

_DOCUMENT = re.compile(r'"""(.*?)"""', re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+")
_PROSE = re.compile(r"[A-Za-z][a-z]+[,.;:!?)]?$")
_TEXTS = {".py", ".md", ".rst", ".txt", ""}


def sentences(folder: Path | None = None) -> list[str]:
    """Return the different sentences of the installed packages, in the order of their files."""
    folder = folder or Path(site.getsitepackages()[0])
    seen: dict[str, None] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TEXTS and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            for document in _DOCUMENT.findall(text) if path.suffix == ".py" else [text[:200_000]]:
                seen.update(dict.fromkeys(_prose(document)))
    return list(seen)


def _prose(document: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(document):
        words = sentence.split()
        if 5 <= len(words) <= 60 and sum(bool(_PROSE.match(word)) for word in words) >= 0.7 * len(words):
            yield " ".join(words)


def records(pool: list[str], rows: int, seed: int = 0) -> list[str]:
    """Return `rows` records in normal form and in random order; the same ones for the same arguments."""
    rng = random.Random(seed)  # noqa: S311
    result: list[str] = []
    while len(result) < rows:
        words: list[str] = []
        length = rng.gauss(WORDS, WORDS / 6)
        while len(words) < length:
            words += rng.choice(pool).split()
        result.append(normalise(" ".join(words)))
        if rng.random() < COPIED:
            for _ in range(rng.randint(1, MOST_COPIES)):
                result.append(normalise(" ".join(_edited(words, rng))))
    del result[rows:]
    rng.shuffle(result)
    return result


def _edited(words: list[str], rng: random.Random) -> list[str]:
    copy = list(words)
    for _ in range(rng.randint(0, MOST_EDITS)):
        at = rng.randrange(len(copy))
        kind = rng.randrange(4)
        if kind == 0:
            copy[at] = rng.choice(words)
        elif kind == 1:
            del copy[at]
        elif kind == 2:
            copy.insert(at, copy[at])
        else:
            copy.insert(at, copy.pop(rng.randrange(len(copy))))
    return copy

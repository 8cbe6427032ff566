"""Texts as words, the way decontamination compares them: no case, no punctuation."""

import re
import unicodedata
from functools import cache

from tasks.dedup.texts import normalise
from tasks.store.records import Row, turn_text

Words = list[str]

# Scripts written without spaces between words, by the beginning of their characters' names in the Unicode standard.
_UNSPACED = ("CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
_RARE_HAN = "\U00020000-\U0003ffff"
_BASIC_PLANE = 0x10000


def words(text: str) -> Words:
    """Return the words of a text: NFKC, case folded, punctuation and symbols gone.

    That is what GPT-3's contamination study (Brown et al. 2020, appendix C) and the harness's janitor compare. A
    character of a script without spaces counts as a word.
    """
    return _pattern().findall(normalise(text))


def row_turns(record: Row) -> list[tuple[str, Words]]:
    """Return the role and the words of everything a row trains on: turns, rejected turns, or its plain text."""
    turns = [*record["messages"], *record.get("rejected", ())]
    if not turns:
        return [("text", words(record["text"]))]
    return [(turn["role"], words(turn_text(turn))) for turn in turns]


@cache
def _pattern() -> "re.Pattern[str]":
    # Marks stay in their word: without them the words of Indic scripts would fall to pieces.
    marks, unspaced = [], []
    for character in map(chr, range(_BASIC_PLANE)):
        if unicodedata.category(character)[0] in "PS":
            marks.append(character)
        elif unicodedata.name(character, "").startswith(_UNSPACED):
            unspaced.append(character)
    alone = "".join(unspaced) + _RARE_HAN
    return re.compile(f"[{alone}]|[^\\s{alone}{re.escape(''.join(marks))}]+")

"""NFKC and case folding of UTF-8, for all characters that fold on their own and do not grow."""

from functools import cache
from typing import Any
from unicodedata import combining, decomposition, normalize

import numpy as np

from tasks.dedup.kernels.jit import eight_bytes, jit

PLANES = 0x20000  # code points with an entry: the two planes that hold nearly all text
_HIGHS = np.uint64(0x8080808080808080)
_CONTINUES = np.uint8(0x3F)
_SPACES = {2: "\x85".encode(), 3: "\u2028".encode()}  # white space by its length


@cache
def table() -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return what each code point folds to, uint8 [code points, 4]: UTF-8, then zeros; all zeros if Python must fold.

    Python must where the result is longer, and for characters that may join with the one before them: marks, and those
    that Unicode calls NFC_Quick_Check=Maybe. A text without such characters folds character by character. White space
    beyond ASCII becomes white space of the same length, as only its being there counts.
    """
    characters = [chr(code) for code in range(PLANES)]
    decomposed = (decomposition(character).split() for character in characters)
    joins = {chr(int(parts[1], 16)) for parts in decomposed if len(parts) == 2 and not parts[0].startswith("<")}
    joins.update(characters[0x1160:0x1200])  # Hangul vowels and final consonants, which join by rule
    joins.update(character for character in characters if combining(character))
    # One call for all of them, kept apart by line ends.
    composed = normalize("NFKC", "\n".join(characters[0x80:]))
    folded = zip(characters[0x80:], composed.split("\n"), composed.casefold().split("\n"), strict=True)
    result = _utf8()
    for code, (character, parts, after) in enumerate(folded, start=0x80):
        if character == after and character not in joins:
            continue
        found = _SPACES.get(len(character.encode("utf-8", "surrogatepass"))) if character.isspace() else after.encode()
        result[code, :] = 0
        if found and len(found) <= len(character.encode()) and not joins.intersection(parts):
            result[code, : len(found)] = list(found)
    return result


def _utf8() -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return the UTF-8 of each code point beyond ASCII, uint8 [code points, 4]."""
    result = np.zeros((PLANES, 4), np.uint8)
    for first, last, width in ((0x80, 0x800, 2), (0x800, 0x10000, 3), (0x10000, PLANES, 4)):
        content = "".join(map(chr, range(first, last))).encode("utf-8", "surrogatepass")
        result[first:last, :width] = np.frombuffer(content, np.uint8).reshape(-1, width)
    return result


@jit
def fold(data: Any, starts: Any, ends: Any, folds: Any, left: Any) -> None:
    """Fold texts in place, but for ASCII.

    Args:
        data: UTF-8, uint8 [bytes]; changed.
        starts: First byte of each text, int64 [texts].
        ends: Byte after each text; changed where a text becomes shorter.
        folds: `table()`.
        left: Result, bool [texts]: texts with a character that the table has no entry for. They are spoilt.
    """
    for text in range(starts.size):
        at, to, end = starts[text], starts[text], ends[text]
        left[text] = False
        while at < end:
            if to == at and at + 8 <= end and eight_bytes(data, at) & _HIGHS == 0:
                at += 8
                to += 8
                continue
            first = np.int64(data[at])
            if first < 0x80:
                data[to] = data[at]
                at += 1
                to += 1
                continue
            second = np.int64(data[at + 1] & _CONTINUES)
            if first < 0xE0:
                code, width = ((first & 0x1F) << 6) | second, 2
            elif first < 0xF0:
                code, width = ((first & 0x0F) << 12) | (second << 6) | np.int64(data[at + 2] & _CONTINUES), 3
            else:
                third, fourth = np.int64(data[at + 2] & _CONTINUES), np.int64(data[at + 3] & _CONTINUES)
                code, width = ((first & 0x07) << 18) | (second << 12) | (third << 6) | fourth, 4
            if code >= folds.shape[0] or folds[code, 0] == 0:
                left[text] = True
                break
            at += width
            for byte in folds[code]:
                if byte == 0:
                    break
                data[to] = byte
                to += 1
        ends[text] = to

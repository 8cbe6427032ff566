"""Texts as sets of short runs, and how alike two sets are."""

import re

Shingles = frozenset[str]

# Scripts written without spaces between words: each character counts as a word there.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han, rare
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
CHARACTERS = 5


def shingles(text: str, size: int) -> Shingles:
    """Return the set of word runs of a normalised text.

    A text with fewer than `size` words gives runs of characters instead: one differing letter would otherwise make
    two short texts wholly different. An empty text gives the empty set.

    Args:
        text: Normalised by `tasks.dedup.texts.normalise`.
        size: Words in a run.
    """
    words: list[str] = _WORD.findall(text)
    if len(words) < size:
        return frozenset(
            text[start : start + CHARACTERS] for start in range(max(1, len(text) - CHARACTERS + 1)) if text
        )
    return frozenset(" ".join(words[start : start + size]) for start in range(len(words) - size + 1))


def jaccard(left: Shingles, right: Shingles) -> float:
    """Return the share of common shingles (0 for two empty sets: nothing says that they are alike)."""
    common = len(left & right)
    return common / (len(left) + len(right) - common) if common else 0.0

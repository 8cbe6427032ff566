"""From UTF-8 to shingle hashes, MinHash signatures and band keys.

A word is read in chunks of eight bytes, each mixed in by a multiplication with an odd number and a shift. Both are
bijections of 64 bits, so two words of up to seven bytes never share a hash, and longer ones do with a chance of about
2**-64. A shingle is mixed from the hashes of its words in the same way.

Hashing and signing stay in one file: numba keeps machine code by the file of the outermost function, and would go on
using what it inlined from another file after that one has changed.
"""

from typing import Any

import numpy as np

from tasks.dedup.kernels.jit import eight_bytes, jit

CHARACTERS = 5  # as in tasks.dedup.shingles
CHUNK = 4096  # shingles whose hashes stay in the first-level cache while all permutations pass over them

_WORD_SEED = np.uint64(0x9E3779B97F4A7C15)
_RUN_SEED = np.uint64(0x2545F4914F6CDD1D)
_CHARACTER_SEED = np.uint64(0xD6E8FEB86659FD93)
_KEY_SEED = np.uint64(0xA0761D6478BD642F)
_LENGTH = np.uint64(0xE7037ED1A0B428DB)
_MULTIPLIER = np.uint64(0xFF51AFD7ED558CCD)
_LAST_MULTIPLIER = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(32)
_ZERO64 = np.uint64(0)
_BYTE = np.uint64(8)
_FULL = np.uint64(64)
# For eight bytes at once.
_ONE = np.uint64(1)
_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_FIRST_PLAIN = np.uint64(0x21)
_FROM_A = np.uint64(0x80 - ord("A"))
_AFTER_Z = np.uint64(0x80 - ord("Z") - 1)
_TO_CASE = np.uint64(2)
_TO_BIT = np.uint64(7)
_TO_TOP = np.uint64(56)
_MAX32 = np.uint32(0xFFFFFFFF)
_SPACE = np.uint8(32)


def _folds() -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return, for each byte, what it is in lower case if it can only be part of a word, else 0.

    0 stands for white space, for NUL, and for the first bytes of characters that may be white space or a word alone.
    """
    folds = np.arange(256, dtype=np.uint8)
    folds[ord("A") : ord("Z") + 1] += 32
    folds[[*range(9, 14), *range(28, 33)]] = 0
    folds[[0xC2, *range(0xE0, 0xEA), 0xEF, 0xF0]] = 0
    return folds


FOLDS = _folds()


@jit
def _mix(state: Any, value: Any) -> Any:
    mixed = (state ^ value) * _MULTIPLIER
    return mixed ^ (mixed >> _HALF)


@jit
def _last_mix(state: Any) -> Any:
    mixed = state * _LAST_MULTIPLIER
    return mixed ^ (mixed >> _HALF)


@jit
def _bytes_hash(data: Any, start: Any, end: Any, seed: Any) -> Any:
    """Return the hash of some bytes as they are."""
    state, chunk, shift = seed, _ZERO64, _ZERO64
    at = start
    while at + 8 <= end:
        state = _mix(state, eight_bytes(data, at))
        at += 8
    while at < end:
        chunk |= np.uint64(data[at]) << shift
        shift += _BYTE
        at += 1
    return _mix(state, chunk + np.uint64(end - start) * _LENGTH)


@jit
def _character(data: Any, at: Any) -> Any:
    """Return (code point, bytes) of a character whose first byte `FOLDS` maps to 0."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | np.int64(data[at + 1] & 0x3F), 2
    second, third = np.int64(data[at + 1] & 0x3F), np.int64(data[at + 2] & 0x3F)
    if first < 0xF0:
        return ((first & 0x0F) << 12) | (second << 6) | third, 3
    return ((first & 0x07) << 18) | (second << 12) | (third << 6) | np.int64(data[at + 3] & 0x3F), 4


@jit
def _is_space(code: Any) -> Any:
    """Tell white space, as `str.isspace` does, of text in NFKC."""
    if code <= 0x20:
        return code == 0x20 or 0x09 <= code <= 0x0D or 0x1C <= code <= 0x1F
    return code == 0x85 or code == 0x1680 or code == 0x2028 or code == 0x2029  # noqa: PLR1714  (numba)


@jit
def _stands_alone(code: Any) -> Any:
    """Tell the scripts whose characters count as words; the same ranges as in `tasks.dedup.shingles`."""
    if code < 0x3040:
        return 0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF
    if code <= 0x9FFF:
        return code <= 0x30FF or 0x3400 <= code <= 0x4DBF or code >= 0x4E00
    return 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


@jit
def _hash_words(data: Any, start: Any, end: Any, folds: Any, words: Any) -> Any:  # noqa: C901  (one scan)
    """Write the hash of each word of one text and return their number.

    Eight bytes are looked at in one go while a word is plain ASCII; all else goes byte by byte.
    """
    count, at, begin = 0, start, start
    state, chunk, shift = _WORD_SEED, _ZERO64, _ZERO64
    while True:
        while shift == _ZERO64 and at + 8 <= end:
            eight = eight_bytes(data, at)
            stops = ((eight - _ONES * _FIRST_PLAIN) | eight) & _HIGHS
            low = eight & ~_HIGHS
            eight |= (((low + _ONES * _FROM_A) & ~(low + _ONES * _AFTER_Z)) & _HIGHS & ~eight) >> _TO_CASE
            if stops == _ZERO64:
                state = _mix(state, eight)
                at += 8
                continue
            # The lowest stop is exact, others may be borrowed from it. All bits of the bytes before it:
            before = ((stops & (~stops + _ONE)) >> _TO_BIT) - _ONE
            chunk = eight & before
            plain = ((before & _ONES) * _ONES) >> _TO_TOP
            shift = plain * _BYTE
            at += np.int64(plain)
            break
        folded = folds[data[at]] if at < end else np.uint8(0)
        if folded != 0:
            chunk |= np.uint64(folded) << shift
            shift += _BYTE
            at += 1
            if shift == _FULL:
                state, chunk, shift = _mix(state, chunk), _ZERO64, _ZERO64
            continue
        width, alone = 1, False
        if at < end and data[at] != _SPACE:
            code, width = _character(data, at)
            alone = _stands_alone(code)
            if not alone and not _is_space(code):
                # An ordinary character after all: take its bytes into the word.
                for _ in range(width):
                    chunk |= np.uint64(data[at]) << shift
                    shift += _BYTE
                    at += 1
                    if shift == _FULL:
                        state, chunk, shift = _mix(state, chunk), _ZERO64, _ZERO64
                continue
        if at > begin:
            words[count] = _mix(state, chunk + np.uint64(at - begin) * _LENGTH)
            count += 1
            state, chunk, shift = _WORD_SEED, _ZERO64, _ZERO64
        if at >= end:
            return count
        if alone:
            words[count] = _bytes_hash(data, at, at + width, _WORD_SEED)
            count += 1
        at += width
        begin = at


@jit
def _hash_characters(data: Any, start: Any, end: Any, folds: Any, hashes: Any) -> Any:
    """Write the hash of each run of characters of one text, white space folded, and return their number."""
    text = np.empty(end - start + 1, np.uint8)
    begins = np.empty(end - start + 2, np.int64)
    size, characters, at, pending = 0, 0, start, False
    while at < end:
        code, width = np.int64(1), 1
        if folds[data[at]] == 0:
            code, width = _character(data, at)
        if _is_space(code):
            pending = characters > 0
            at += width
            continue
        if pending:
            begins[characters] = size
            characters += 1
            text[size] = _SPACE
            size += 1
            pending = False
        if data[at] & 0xC0 != 0x80:
            begins[characters] = size
            characters += 1
        for _ in range(width):
            text[size] = data[at] if folds[data[at]] == 0 else folds[data[at]]
            size += 1
            at += 1
    begins[characters] = size
    runs = max(characters - CHARACTERS + 1, min(characters, 1))
    for run in range(runs):
        last = min(run + CHARACTERS, characters)
        hashes[run] = _last_mix(_bytes_hash(text, begins[run], begins[last], _CHARACTER_SEED))
    return runs


@jit
def _hash_shingles(data: Any, start: Any, end: Any, folds: Any, size: Any, words: Any, hashes: Any) -> Any:
    """Write the hashes of one text's shingles, repeats included, and return their number."""
    count = _hash_words(data, start, end, folds, words)
    if count < size:
        return _hash_characters(data, start, end, folds, hashes)
    for run in range(count - size + 1):
        state = _RUN_SEED
        for word in range(run, run + size):
            state = _mix(state, words[word])
        hashes[run] = _last_mix(state)
    return count - size + 1


@jit
def _premixed(value: Any) -> Any:
    """Return the upper half of a shingle's hash after MurmurHash3's finalizer, datasketch's affine32 pre-mix."""
    mixed = np.uint32(value >> _HALF)
    mixed ^= mixed >> np.uint32(16)
    mixed = np.uint32(mixed * np.uint32(0x85EBCA6B))
    mixed ^= mixed >> np.uint32(13)
    mixed = np.uint32(mixed * np.uint32(0xC2B2AE35))
    return mixed ^ (mixed >> np.uint32(16))


@jit
def _minimum(values: Any, count: Any, a: Any, b: Any, signature: Any) -> Any:
    """Write the minimum of a * value + b modulo 2**32 for each permutation; the loop that numba turns into SIMD."""
    signature[:] = _MAX32
    for first in range(0, count, CHUNK):
        some = values[first : min(first + CHUNK, count)]
        for number in range(a.size):
            factor, shift, lowest = a[number], b[number], signature[number]
            for at in range(some.size):
                lowest = min(lowest, np.uint32(factor * some[at] + shift))
            signature[number] = lowest


@jit
def _write_keys(signature: Any, salt: Any, width: Any, row: Any, keys: Any) -> None:
    """Write one key for each band; 0 for a text without shingles, which is like nothing."""
    lowest = signature[0]
    for value in signature:
        lowest = min(lowest, value)
    for band in range(keys.shape[0]):
        state = _ZERO64
        if lowest != _MAX32:
            state = _mix(_KEY_SEED, salt)
            for value in signature[band * width : (band + 1) * width]:
                state = _mix(state, np.uint64(value))
        keys[band, row] = state


@jit
def _longest(starts: Any, ends: Any) -> Any:
    longest = 0
    for text in range(starts.size):
        longest = max(longest, ends[text] - starts[text])
    return longest


@jit
def sketch(
    data: Any, starts: Any, ends: Any, folds: Any, size: Any, a: Any, b: Any, salts: Any, width: Any,
    keys: Any, signatures: Any,
) -> None:  # fmt: skip
    """Hash, sign and band each text in one pass; nothing but the results outlives a text.

    Args:
        data: UTF-8, uint8 [bytes].
        starts: First byte of each text, int64 [texts].
        ends: Byte after each text.
        folds: `FOLDS`.
        size: Words in a shingle.
        a: Odd factors of the permutations, uint32 [num_perm].
        b: Shifts of the permutations, uint32 [num_perm].
        salts: Mixed into the keys of each text, uint64 [texts]: texts with different salts do not meet.
        width: Signature values in a band.
        keys: Result, uint64 [bands, texts].
        signatures: Result, uint32 [texts, num_perm], or of no rows if they are not wanted.
    """
    longest = _longest(starts, ends)
    words, hashes = np.empty(longest + 2, np.uint64), np.empty(longest + 2, np.uint64)
    values, signature = np.empty(longest + 2, np.uint32), np.empty(a.size, np.uint32)
    for text in range(starts.size):
        count = _hash_shingles(data, starts[text], ends[text], folds, size, words, hashes)
        for run in range(count):
            values[run] = _premixed(hashes[run])
        _minimum(values, count, a, b, signature)
        _write_keys(signature, salts[text], width, text, keys)
        if signatures.shape[0]:
            signatures[text] = signature


@jit
def band_keys(signatures: Any, salts: Any, width: Any, keys: Any) -> None:
    """Write the keys of texts that were signed before; arguments as in `sketch`."""
    for text in range(signatures.shape[0]):
        _write_keys(signatures[text], salts[text], width, text, keys)


@jit
def text_digests(data: Any, starts: Any, ends: Any, digests: Any) -> None:
    """Write 128 bits for each text, uint64 [texts, 2], to know it again (no defence against forgery)."""
    for text in range(starts.size):
        digests[text, 0] = _bytes_hash(data, starts[text], ends[text], _WORD_SEED)
        digests[text, 1] = _bytes_hash(data, starts[text], ends[text], _KEY_SEED)


@jit
def shingle_hashes(data: Any, starts: Any, ends: Any, folds: Any, size: Any, hashes: Any, begins: Any) -> None:
    """Write the shingle hashes of each text one after the other, repeats included.

    Args:
        data: UTF-8, uint8 [bytes].
        starts: First byte of each text, int64 [texts].
        ends: Byte after each text.
        folds: `FOLDS`.
        size: Words in a shingle.
        hashes: Result, uint64, as long as the texts have bytes together.
        begins: Result, where each text's hashes begin and the last end, int64 [texts + 1].
    """
    words = np.empty(_longest(starts, ends) + 2, np.uint64)
    begins[0] = 0
    for text in range(starts.size):
        at = begins[text]
        count = _hash_shingles(data, starts[text], ends[text], folds, size, words, hashes[at:])
        begins[text + 1] = at + count

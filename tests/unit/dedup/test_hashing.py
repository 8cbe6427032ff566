import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.dedup.kernels.folding import PLANES, table
from tasks.dedup.packed import Texts, blocks, pack
from tasks.dedup.shingles import jaccard, shingles
from tasks.dedup.texts import normalise
from tasks.dedup.verify import distinct_hashes, verified

SAMPLES = [
    "",
    " \t\n",
    "ok",
    "thanks again",
    "Thanks  again!",
    "one two three",
    "ONE Two\u00a0three",
    "one\u2003two\u3000three four\u2028five\x85six\x1cseven",
    "The vessel is late by two days; please tell the customer.",
    "東京から横浜まで船で運ぶ",
    "東京から横浜まで，船で運ぶ！",
    "ส่งสินค้าไปกรุงเทพ",
    "ສະບາຍດີ ຕອນເຊົ້າ",
    "Straße, STRASSE und ﬁne Ǆ",
    "Привет, Мир: как дела сегодня",
    "ΟΔΥΣΣΕΥΣ και οδυσσεύς",
    "e\u0301cole é cole E\u0301COLE",
    "\u1112\u1161\u11ab\u1100\u1173\u11af 한글",
    "½ ² ™ … Ⅷ ㎏ x",
    "👩‍👩‍👧 a 👍🏽 b c",
    "lone \ud800 surrogate \udfff here",
    "nul\x00byte nul nul\x00 x",
    "def f(x):\n    return x[0] + x[1]  # sum",
    "a" * 5000,
    "word " * 3000 + "end",
    "𝐁old 𠀀𠀁 𠀀𠀂 \U0002f800",
]


def sets_of(texts: list[str], size: int) -> list[set[int]]:
    hashes, begins = distinct_hashes(pack(texts), size)
    parts = [hashes[first:last].tolist() for first, last in pairwise(begins)]
    assert all(len(part) == len(set(part)) for part in parts)
    return [set(part) for part in parts]


def same_as_reference(texts: list[str], size: int) -> None:
    """The hashes of all texts and the shingles of all texts stand for each other, one to one."""
    known: dict[int, str] = {}
    for text, hashes in zip(texts, sets_of(texts, size), strict=True):
        reference = shingles(normalise(text), size)
        assert len(hashes) == len(reference), repr(text)
        for other in texts:
            assert len(hashes & sets_of([other], size)[0]) == len(reference & shingles(normalise(other), size))
        known.update(dict.fromkeys(hashes, text))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_hashes_stand_for_shingles_one_to_one(size):
    same_as_reference(SAMPLES, size)


PIECES = [
    "a", "b", "Word", "longerthaneight", " ", "  ", "\n", "\u00a0", "\u3000", "東", "京", "ก", "é", "É", "e\u0301",
    "ß", "ﬁ", "，", "\U0001f600", "\ud800", "\x00", ".", "Я", "\u1100\u1161", "\u2028", "…", "½",
]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), min_size=1, max_size=4), st.integers(1, 4))
@example(["a b", "a b c d e"], 3)
def test_any_mixture_hashes_as_the_reference_cuts(texts, size):
    same_as_reference(texts, size)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_unicode_hashes_as_the_reference_cuts(texts):
    same_as_reference(texts, 2)


def test_folding_is_python_s_for_every_character():
    pool = [chr(code) for code in range(1, 0x30000)]
    random.Random(5).shuffle(pool)
    texts = ["".join(pool[start : start + 7]) for start in range(0, len(pool), 7)]
    packed = pack(texts)
    data = packed.data.tobytes()
    for text, start, end in zip(texts, packed.starts.tolist(), packed.ends.tolist(), strict=True):
        found = data[start:end].decode("utf-8", "surrogatepass")
        # Case in ASCII and white space are left to the kernels.
        lower = "".join(letter.lower() if letter.isascii() else letter for letter in found)
        assert " ".join(lower.split()) == normalise(text), ascii(text)


def test_nearly_all_characters_are_folded_without_python():
    entries = table()
    assert entries.shape == (PLANES, 4)
    for character in "éÉяЯßΩ漢か한…\u00a0\u3000，™👍":
        assert entries[ord(character), 0], character
    for character in "\u0301\u1161½ﬀ\u0345"[:3]:
        assert not entries[ord(character), 0], ascii(character)


def test_words_of_any_length_and_place_hash_alike():
    words = ["x" * length for length in range(1, 40)]
    seen = {}
    for offset in range(9):
        for word in words:
            (found,) = sets_of([" " * offset + word + " " * (9 - offset)], 1)
            assert seen.setdefault(word, found) == found
    assert len(set().union(*seen.values())) == len(words)


def test_order_of_words_counts():
    one, other = sets_of(["a b c", "c b a"], 3)
    assert not one & other


def test_no_two_of_a_million_shingles_share_a_hash():
    rng = np.random.default_rng(0)
    texts = [" ".join(map(str, rng.integers(0, 1 << 40, 1001).tolist())) for _ in range(1000)]
    hashes, begins = distinct_hashes(pack(texts), 2)
    assert begins[-1] == 1_000_000
    assert len(np.unique(hashes[: begins[-1]])) == 1_000_000


def test_similarity_is_the_reference_s_to_the_last_bit():
    rng = random.Random(3)
    words = [f"w{number}" for number in range(40)]
    texts = [" ".join(rng.choices(words, k=rng.randint(0, 30))) for _ in range(60)] + SAMPLES
    left, right = np.triu_indices(len(texts), 1)
    found = verified(Texts(texts), left, right, 0.0, 3)
    sets = [shingles(normalise(text), 3) for text in texts]
    assert found.value.tolist() == [jaccard(sets[i], sets[j]) for i, j in zip(left, right, strict=True)]


def test_a_source_gives_texts_in_the_order_asked_for():
    source = Texts(["one a", "two é", "three b"])
    packed = source.take([2, 0, 1])
    found = [packed.data[start:end].tobytes().decode() for start, end in zip(packed.starts, packed.ends, strict=True)]
    assert found == ["three b", "one a", "two é"]


def test_blocks_are_of_about_so_many_bytes_and_cover_all_texts():
    assert blocks(np.array([], np.int64)) == []
    assert blocks(np.array([10**9])) == [(0, 1)]
    sizes = np.random.default_rng(0).integers(0, 3000, 5000)
    runs = blocks(sizes, 10_000)
    assert [first for first, _ in runs[1:]] == [last for _, last in runs[:-1]]
    assert (runs[0][0], runs[-1][1]) == (0, 5000)
    assert max(sizes[first:last].sum() for first, last in runs) < 10_000 + 3000
    assert len(runs) > 5000 * 1400 / 10_000 * 0.9
    short = blocks(np.zeros(10**6, np.int64))
    assert max(last - first for first, last in short) < 20_000, "texts count even when they are empty"


def test_a_very_long_text_costs_memory_for_its_own_shingles_only():
    text = " ".join(map(str, range(200_000)))
    (found,) = sets_of([text], 3)
    assert len(found) == 199_998
    (characters,) = sets_of(["x" * 10**6], 3)
    assert len(characters) == 1

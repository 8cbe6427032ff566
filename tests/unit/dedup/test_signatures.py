import random

import numpy as np
import pytest
from datasketch import MinHash

from tasks.dedup.kernels.sketching import CHUNK
from tasks.dedup.packed import pack
from tasks.dedup.signatures import Scheme, keys_of, permutations, sketch
from tasks.dedup.verify import distinct_hashes
from tests.unit.dedup.test_hashing import SAMPLES


def datasketch_s(text: str, num_perm: int, size: int) -> np.ndarray:
    hashes, begins = distinct_hashes(pack([text]), size)
    minhash = MinHash(num_perm, hashfunc=int)
    minhash.update_batch((hashes[: begins[-1]] >> np.uint64(32)).tolist())
    return minhash.hashvalues


@pytest.mark.parametrize("num_perm", [1, 32, 128, 1000])
def test_permutations_are_datasketch_s(num_perm):
    a, b = permutations(num_perm)
    theirs = MinHash(num_perm).permutations
    assert a.dtype == b.dtype == theirs.dtype == np.uint32
    assert (a == theirs[0]).all()
    assert (b == theirs[1]).all()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("num_perm", [32, 128])
def test_signatures_are_datasketch_s_bit_for_bit(num_perm, size):
    rng = random.Random(11)
    alphabet = "abcdefghij éßя東\u3000\n"
    texts = ["".join(rng.choices(alphabet, k=rng.randint(0, 400))) for _ in range(300)] + SAMPLES
    long = " ".join(str(rng.random()) for _ in range(2 * CHUNK + 77))
    texts.append(long)
    scheme = Scheme(size, num_perm, 4, 8)
    _, signatures = sketch(pack(texts), np.zeros(len(texts), np.uint64), scheme, keep=True)
    for text, signature in zip(texts, signatures, strict=True):
        assert (signature == datasketch_s(text, num_perm, size)).all(), repr(text)


def test_keys_of_kept_signatures_are_those_of_texts():
    salts = np.arange(len(SAMPLES), dtype=np.uint64) % np.uint64(3)
    scheme = Scheme.at(0.8, 128, 3)
    keys, signatures = sketch(pack(SAMPLES), salts, scheme, keep=True)
    assert keys.shape == (scheme.bands, len(SAMPLES))
    assert (keys_of(signatures, salts, scheme) == keys).all()
    assert (sketch(pack(SAMPLES), salts, scheme)[0] == keys).all()


def test_a_text_without_shingles_has_no_key():
    keys, _ = sketch(pack(["", " \n", "x"]), np.zeros(3, np.uint64), Scheme(3, 32, 4, 8))
    assert not keys[:, :2].any()
    assert keys[:, 2].all()


def test_different_salts_share_no_key():
    keys, _ = sketch(pack(["one two three four"] * 3), np.array([1, 2, 1], np.uint64), Scheme(3, 32, 4, 8))
    assert not (keys[:, 0] == keys[:, 1]).any()
    assert (keys[:, 0] == keys[:, 2]).all()


def test_two_texts_agree_in_as_many_values_as_they_are_alike():
    rng = random.Random(2)
    words = [f"w{number}" for number in range(400)]
    other = words[:320] + [f"v{rng.random()}" for _ in range(80)]
    _, signatures = sketch(
        pack([" ".join(words), " ".join(other)]), np.zeros(2, np.uint64), Scheme(1, 1024, 2, 2), keep=True
    )
    assert abs((signatures[0] == signatures[1]).mean() - 320 / 480) < 0.06

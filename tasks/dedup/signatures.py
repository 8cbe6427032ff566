"""MinHash signatures, bit for bit those of datasketch, and the band keys made of them.

The scheme is datasketch 2.0's `affine32`: a 32-bit hash goes through MurmurHash3's finalizer, then each permutation is
a * hash + b modulo 2**32 with odd a (Broder 1997 for the idea; https://ekzhu.com/datasketch). The hash is the upper
half of the shingle's 64 bits.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tasks.dedup.bands import banding
from tasks.dedup.packed import Packed

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SEED = 1
VERSION = 1  # of the hash of a shingle; signatures kept from another version are not reused


@dataclass(frozen=True)
class Scheme:
    """How texts are signed.

    Attributes:
        shingle_size: Words in a shingle.
        num_perm: Values in a signature.
        bands: Number of bands.
        width: Signature values in a band.
    """

    shingle_size: int
    num_perm: int
    bands: int
    width: int

    @classmethod
    def at(cls, threshold: float, num_perm: int, shingle_size: int) -> "Scheme":
        """Return the scheme whose bands fit a threshold."""
        return cls(shingle_size, num_perm, *banding(threshold, num_perm))


@cache
def permutations(num_perm: int, seed: int = SEED) -> tuple["Array", "Array"]:
    """Return the factors and shifts of datasketch's permutations, both uint32 [num_perm]."""
    import numpy as np

    random = np.random.RandomState(seed)
    a = random.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, random.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def sketch(texts: Packed, salts: "Array", scheme: Scheme, *, keep: bool = False) -> tuple["Array", "Array"]:
    """Return the band keys, uint64 [bands, texts], and the signatures, uint32 [texts, num_perm].

    Args:
        texts: What is signed.
        salts: uint64 [texts]; texts with different ones share no key.
        scheme: How it is signed.
        keep: Whether signatures are wanted; without, there are none (of no rows).
    """
    import numpy as np

    from tasks.dedup.kernels import sketching

    keys = np.empty((scheme.bands, len(texts.starts)), np.uint64)
    signatures = np.empty((len(texts.starts) if keep else 0, scheme.num_perm), np.uint32)
    a, b = permutations(scheme.num_perm)
    sketching.sketch(
        texts.data, texts.starts, texts.ends, sketching.FOLDS, scheme.shingle_size, a, b, salts, scheme.width,
        keys, signatures,
    )  # fmt: skip
    return keys, signatures


def keys_of(signatures: "Array", salts: "Array", scheme: Scheme) -> "Array":
    """Return the band keys, uint64 [bands, texts], of signatures, uint32 [texts, num_perm]."""
    import numpy as np

    from tasks.dedup.kernels import sketching

    keys = np.empty((scheme.bands, len(signatures)), np.uint64)
    sketching.band_keys(signatures, salts, scheme.width, keys)
    return keys

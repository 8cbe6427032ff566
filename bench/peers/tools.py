"""The public tools, each as a function from texts to pairs, in the setting its documentation recommends.

All see the same lower-case texts and look for word 3-shingles with a Jaccard similarity from `threshold`.
"""

import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.peers.shingler import shingle_hashes

Pair = tuple[int, int]
Array = np.ndarray[Any, np.dtype[Any]]

THREADS = os.cpu_count() or 1
NUM_PERM = 128
BANDS = 16
_WORD = re.compile(r"\S+")


def _shingles(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return list({" ".join(words[start : start + 3]) for start in range(len(words) - 2)})


def datasketch(texts: list[str], threshold: float) -> set[Pair]:
    """Bulk signatures, the default bands of `MinHashLSH`, the estimate checked."""
    from datasketch import MinHash, MinHashLSH

    signatures = MinHash.bulk(
        ([run.encode() for run in _shingles(text)] for text in texts), num_perm=NUM_PERM, hashfunc=_xxh32
    )
    index = MinHashLSH(threshold=threshold, num_perm=NUM_PERM)
    found: set[Pair] = set()
    for row, signature in enumerate(signatures):
        for other in index.query(signature):
            if signature.jaccard(signatures[other]) >= threshold:
                found.add((other, row))
        index.insert(row, signature, check_duplication=False)
    return found


def _xxh32(data: bytes) -> int:
    import xxhash

    return xxhash.xxh32_intdigest(data)


def gaoya(texts: list[str], threshold: float) -> set[Pair]:
    """The string index with its analyser in Rust, in parallel, its similarity checked by the index itself."""
    from gaoya.minhash import MinHashStringIndex  # type: ignore[import-not-found]

    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=threshold, num_bands=BANDS, band_size=NUM_PERM // BANDS,
        analyzer="word", lowercase=True, ngram_range=(3, 3), id_container="smallvec",
    )  # fmt: skip
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    found: set[Pair] = set()
    for row, others in enumerate(index.par_bulk_query(texts)):
        found.update((other, row) for other in others if other < row)
    return found


def rensa(texts: list[str], threshold: float) -> set[Pair]:
    """`RMinHash` in bulk and its LSH, the estimate checked."""
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found]

    signatures = RMinHash.from_token_sets(map(_shingles, texts), num_perm=NUM_PERM, seed=42)
    index = RMinHashLSH(threshold=threshold, num_perm=NUM_PERM, num_bands=BANDS)
    index.insert_many(signatures)
    found: set[Pair] = set()
    for row, others in enumerate(index.query_all(signatures)):
        for other in others:
            if other < row and signatures[row].jaccard(signatures[other]) >= threshold:
                found.add((other, row))
    return found


def rensa_rho(texts: list[str], threshold: float) -> set[int]:
    """Rensa's fastest: sampled tokens, eight bands, one shot. Flags rows only, and says not what they are like."""
    from rensa import RMinHash, RMinHashLSH

    hashes, begins = shingle_hashes(texts, threads=THREADS)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes_rho(hashes, begins, NUM_PERM, 42)
    index = RMinHashLSH(threshold=threshold, num_perm=NUM_PERM, num_bands=8)
    return set(np.flatnonzero(index.query_duplicate_flags_matrix_one_shot(matrix)).tolist())


def fastsketchlsh(texts: list[str], threshold: float) -> set[Pair]:
    """Its sketch over a shingler in numpy, its LSH, candidates compared exactly."""
    hashes, begins = shingle_hashes(texts, threads=THREADS)
    return _fast_pairs(hashes, begins, threshold)


def fastsketchlsh_alone(texts: list[str], threshold: float) -> set[Pair]:
    """As in its read-me: token lists in, candidates out; the estimate checked."""
    from FastSketchLSH import LSH, FastSimilaritySketch  # type: ignore[import-not-found]

    sketches = FastSimilaritySketch(size=NUM_PERM, seed=42).batch([_shingles(text) for text in texts])
    left, right = fast_candidates(LSH, sketches)
    close = np.concatenate(
        [
            (sketches[left[at : at + 4096]] == sketches[right[at : at + 4096]]).mean(1)
            for at in range(0, len(left), 4096)
        ]
    )
    return set(zip(left[close >= threshold].tolist(), right[close >= threshold].tolist(), strict=True))


def fast_candidates(index_type: Any, sketches: Array) -> tuple[Array, Array]:
    """Return the pairs that share a bucket of FastSketchLSH's LSH, the lower row first."""
    index = index_type(num_perm=NUM_PERM, num_bands=BANDS, num_threads=THREADS)
    index.insert(sketches)
    flat, begins = index.query(sketches, format="csr")
    flat, begins = np.asarray(flat, np.int64), np.asarray(begins, np.int64)
    rows = np.repeat(np.arange(len(sketches)), begins[1:] - begins[:-1])
    return flat[flat < rows], rows[flat < rows]


def _fast_pairs(hashes: Array, begins: Array, threshold: float) -> set[Pair]:
    from FastSketchLSH import LSH, FastSimilaritySketch

    sketcher = FastSimilaritySketch(size=NUM_PERM, seed=42)
    sketches = sketcher.batch_csr(hashes, begins, prehashed=True, num_threads=THREADS)
    left, right = fast_candidates(LSH, sketches)
    edges = begins.astype(np.int64)
    sets = {row: np.unique(hashes[edges[row] : edges[row + 1]]) for row in {*left.tolist(), *right.tolist()}}
    found: set[Pair] = set()
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        both = np.concatenate([sets[one], sets[other]])
        both.sort()
        common = int(np.count_nonzero(both[1:] == both[:-1]))
        if common >= threshold * (len(both) - common):
            found.add((one, other))
    return found


TOOLS: dict[str, Callable[[list[str], float], set[Pair] | set[int]]] = {
    "fastsketchlsh, numpy shingler, exact check": fastsketchlsh,
    "fastsketchlsh, its own tokens": fastsketchlsh_alone,
    "gaoya": gaoya,
    "rensa RMinHash": rensa,
    "rensa rho, numpy shingler (flags only)": rensa_rho,
    "datasketch": datasketch,
}

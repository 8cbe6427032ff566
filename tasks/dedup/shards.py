"""The near-duplicate search on disk, cut into shards that any process on any machine can work on.

Five functions of one argument each do the work of `tasks.dedup.near` piece by piece: `sign` hashes a range of texts,
`sort` orders one band, `propose` finds candidates in a part of a band, `compare` checks some of them. What they share
lies in files; no two write the same bytes. The results are the same whoever runs them, in whatever order.

Held in memory are one band for each worker that sorts, the sizes of the texts (8 bytes each) and the candidates (16
bytes each); texts, keys and signatures are on disk.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.bands import Crowds, Meeting, Order, cuts, in_order, order_of, pairs_in
from tasks.dedup.crowds import connected
from tasks.dedup.packed import Packed, blocks
from tasks.dedup.reuse import Kept, digests_of
from tasks.dedup.runners import Runner, threads
from tasks.dedup.signatures import Scheme, keys_of, sketch
from tasks.dedup.spill import Corpus, mapped, ranges, release, reserve, write_at
from tasks.dedup.unionfind import roots
from tasks.dedup.verify import Found, verified

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SHARD_ROWS = 1 << 15
"""Texts that are signed in one go."""
PART_ROWS = 1 << 18
"""Rows of a sorted band whose candidates are found in one go."""
COMPARED_PAIRS = 1 << 14
"""Candidates that are compared in one go."""


@dataclass(frozen=True)
class Job:
    """One search, as a worker needs to know it.

    Attributes:
        corpus: The texts.
        work: Folder of keys and sorted bands.
        scheme: How texts are signed and banded.
        threshold: Jaccard similarity.
        limit: Rows of a bucket above which it is crowded.
        previous: Signatures of another run that may be reused.
        keep: Where signatures are kept for the next run.
    """

    corpus: Corpus
    work: Path
    scheme: Scheme
    threshold: float
    limit: int
    previous: Kept | None = None
    keep: Kept | None = None

    @property
    def meeting(self) -> Meeting:
        """Return the rows and their keys, on disk."""
        import numpy as np

        keys = mapped(self.work / "keys.bin", "uint64", len(self.corpus))
        return Meeting(keys, self.corpus.salts, np.empty(0, np.uint8), self.limit)

    def order(self, band: int) -> Order:
        """Return one sorted band, on disk."""
        crowded = mapped(self.work / f"crowded-{band}.bin", "int64", 2)
        return Order(mapped(self.work / f"order-{band}.bin", "uint64"), crowded, 0)


def near_duplicates(
    corpus: Corpus, work: Path, threshold: float = 0.8, num_perm: int = 128, shingle_size: int = 3,
    run: Runner = threads, limit: int = 64, previous: Path | None = None, keep: Path | None = None,
) -> Found:  # fmt: skip
    """Return the pairs of a corpus that reach the threshold, sorted, as `near.near_pairs` does.

    Args:
        corpus: The texts; only those with equal salts are compared.
        work: A new folder for what is spilled: 8 bytes for each text and band, and a little.
        threshold: Jaccard similarity of the shingle sets.
        num_perm: Length of the MinHash signatures.
        shingle_size: Words in a shingle.
        run: Where the shards are worked on; `work` and the corpus must be seen from there.
        limit: Rows of a bucket up to which all pairs are returned.
        previous: `keep` of an earlier run; texts that it holds are not hashed again. Ignored if its scheme is another.
        keep: A new folder for the signatures, 4 * num_perm + 24 bytes for each text.
    """
    try:
        scheme = Scheme.at(threshold, num_perm, shingle_size)
        known = Kept(previous) if previous is not None and Kept(previous).fits(scheme) else None
        return _search(
            Job(corpus, work, scheme, threshold, limit, known, Kept(keep) if keep is not None else None), run
        )
    finally:
        release()


def _search(job: Job, run: Runner) -> Found:
    rows = len(job.corpus)
    _prepare(job)
    run(sign, [(job, each) for each in ranges(rows, SHARD_ROWS)])
    if job.keep is not None:
        job.keep.close(job.scheme)
    if rows < 2:
        return Found.joined([])
    run(sort, [(job, band) for band in range(job.scheme.bands)])
    orders = [job.order(band) for band in range(job.scheme.bands)]
    crowds = Crowds.of(job.meeting, orders)
    parts = [
        (job, crowds, band, part)
        for band, order in enumerate(orders)
        for part in cuts(order.sorted, job.meeting.low, PART_ROWS)
    ]
    candidates = in_order(run(propose, parts), rows, COMPARED_PAIRS)
    found = Found.joined(run(compare, [(job, *pairs) for pairs in candidates]))
    if not len(crowds.keys):
        return found
    parents = roots(rows, found.left, found.right)
    more = connected(job.corpus, job.meeting, iter(orders), parents, job.threshold, job.scheme.shingle_size)
    return Found.joined([found, *more])


def _prepare(job: Job) -> None:
    job.work.mkdir(parents=True)
    reserve(job.work / "keys.bin", 8 * job.scheme.bands * len(job.corpus))
    if job.keep is not None:
        job.keep.folder.mkdir(parents=True)
        reserve(job.keep.folder / "signatures.bin", 4 * job.scheme.num_perm * len(job.corpus))
        reserve(job.keep.folder / "digests.bin", 16 * len(job.corpus))


def sign(item: tuple[Job, range]) -> int:
    """Write the keys of a range of texts, and their signatures where they are kept; return how many were hashed."""
    import numpy as np

    job, rows = item
    keys = np.empty((job.scheme.bands, len(rows)), np.uint64)
    hashed = 0
    for first, last in blocks(job.corpus.sizes[rows.start : rows.stop]):
        part, more = _signed(job, range(rows.start + first, rows.start + last))
        keys[:, first:last] = part
        hashed += more
    for band in range(job.scheme.bands):
        write_at(job.work / "keys.bin", 8 * (band * len(job.corpus) + rows.start), keys[band])
    return hashed


def _signed(job: Job, rows: range) -> "tuple[Array, int]":
    """Return the keys of a block, and the number of texts that had to be hashed."""
    import numpy as np

    texts, salts = job.corpus.take(rows), job.corpus.salts[rows.start : rows.stop]
    if job.previous is None and job.keep is None:
        return sketch(texts, salts, job.scheme)[0], len(rows)
    digests = digests_of(texts)
    place = job.previous.find(digests) if job.previous is not None else np.full(len(rows), -1, np.int64)
    new = place < 0
    signatures = np.empty((len(rows), job.scheme.num_perm), np.uint32)
    if job.previous is not None:
        signatures[~new] = job.previous.signatures(place[~new], job.scheme)
    fresh = Packed(texts.data, texts.starts[new], texts.ends[new])
    signatures[new] = sketch(fresh, salts[new], job.scheme, keep=True)[1]
    if job.keep is not None:
        write_at(job.keep.folder / "signatures.bin", 4 * job.scheme.num_perm * rows.start, signatures)
        write_at(job.keep.folder / "digests.bin", 16 * rows.start, digests)
    return keys_of(signatures, salts, job.scheme), int(new.sum())


def sort(item: tuple[Job, int]) -> None:
    """Sort one band."""
    job, band = item
    order = order_of(job.meeting, band)
    order.sorted.tofile(job.work / f"order-{band}.bin")
    order.crowded.tofile(job.work / f"crowded-{band}.bin")


def propose(item: tuple[Job, Crowds, int, tuple[int, int]]) -> "tuple[Array, Array]":
    """Return the candidates of a part of a band, int64."""
    job, crowds, band, (first, last) = item
    return pairs_in(job.meeting, crowds, band, job.order(band).sorted[first:last])


def compare(item: "tuple[Job, Array, Array]") -> Found:
    """Return the candidates that reach the threshold."""
    job, left, right = item
    return verified(job.corpus, left, right, job.threshold, job.scheme.shingle_size)

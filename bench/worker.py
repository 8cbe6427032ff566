"""One run of one tool in a process of its own: `python -m bench.worker TOOL TEXTS THRESHOLD RESULT`.

The texts are read and the tool has run once on a thousand of them before the clock starts. The result is JSON: seconds
of wall and processor time, the memory taken on top of the texts, and what was found (pairs, or flagged rows).
"""

import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

WARM_ROWS = 1000
OURS = "finetune-flows"
ABLATION = "fastsketchlsh inside finetune-flows (its hashes, its check)"
SPILLED = "finetune-flows, on disk"


def main(tool: str, texts: str, threshold: str, result: str) -> None:
    """Run, measure, write."""
    if tool == SPILLED:
        work: Callable[[], Any] = _spilled(Path(texts), float(threshold), Path(result).with_suffix(".work"))
    else:
        find, corpus = _finder(tool), json.loads(Path(texts).read_text(encoding="utf-8"))
        find(corpus[:WARM_ROWS], float(threshold))

        def work() -> Any:
            return find(corpus, float(threshold))

    gc.collect()
    with Memory() as memory:
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows = [list(each) if isinstance(each, tuple) else each for each in found]
    told = {"wall_s": wall, "cpu_s": cpu, "memory_mb": memory.taken_mb, "found": rows}
    Path(result).write_text(json.dumps(told), encoding="utf-8")


def _finder(tool: str) -> Callable[[list[str], float], Any]:
    if tool == OURS:
        from tasks.dedup.near import near_pairs

        return lambda texts, threshold: [(left, right) for left, right, _ in near_pairs(texts, threshold)]
    if tool == ABLATION:
        return _inside
    from bench.peers.tools import TOOLS

    return TOOLS[tool]


def _inside(texts: list[str], threshold: float) -> Any:
    """Sketches and LSH of FastSketchLSH between this project's shingle hashes and its exact check."""
    import numpy as np

    from bench.peers.tools import fast_candidates
    from tasks.dedup.bands import in_order
    from tasks.dedup.packed import Texts, blocks
    from tasks.dedup.threads import in_threads
    from tasks.dedup.verify import distinct_hashes, verified

    theirs, source = import_module("FastSketchLSH"), Texts(texts)

    def hashed(rows: tuple[int, int]) -> Any:
        hashes, begins = distinct_hashes(source.take(range(*rows)), 3)
        return hashes[: begins[-1]].copy(), np.diff(begins)

    parts = list(in_threads(hashed, blocks(source.sizes)))
    begins = np.concatenate([[0], np.cumsum(np.concatenate([counts for _, counts in parts]))]).astype(np.uint64)
    sketches = theirs.FastSimilaritySketch(size=128, seed=42).batch_csr(
        np.concatenate([hashes for hashes, _ in parts]), begins, prehashed=True
    )
    pieces = in_order([fast_candidates(theirs.LSH, sketches)], len(texts), 1 << 11)
    found = list(in_threads(lambda pairs: verified(source, *pairs, threshold, 3), pieces))
    return [pair for part in found for pair in zip(part.left.tolist(), part.right.tolist(), strict=True)]


def _spilled(folder: Path, threshold: float, scratch: Path) -> Callable[[], Any]:
    from tasks.dedup.shards import near_duplicates
    from tasks.dedup.spill import Corpus, write_corpus

    warm = write_corpus(scratch / "warm", [f"one two three {row // 2}" for row in range(WARM_ROWS)])
    near_duplicates(warm, scratch / "warm-work", threshold)

    def work() -> Any:
        found = near_duplicates(Corpus(folder), scratch / "work", threshold)
        return zip(found.left.tolist(), found.right.tolist(), strict=True)

    return work


class Memory:
    """The most memory that this process took for itself (file pages not counted) inside the block, on top of before."""

    def __enter__(self) -> "Memory":
        self._before = self._most = _anonymous_kb()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._most = max(self._most, _anonymous_kb())
        self._stop.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            self._most = max(self._most, _anonymous_kb())

    @property
    def taken_mb(self) -> float:
        """Return megabytes."""
        return round((self._most - self._before) / 1024, 1)


def _anonymous_kb() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])

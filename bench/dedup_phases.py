"""Where the time of near-duplicate search goes, on one core, beside the limit of a fused loop in C."""

import ctypes
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.common import CACHE, ROOT


def phases(path: Path, threshold: float) -> dict[str, float]:
    """Return the processor seconds of each phase on one core, and those of the limit in C (gcc or cc, if there)."""
    import numpy as np

    from tasks.dedup.bands import Crowds, Meeting, in_order, order_of, pairs_in
    from tasks.dedup.near import COMPARED_PAIRS, CROWDED, near_pairs
    from tasks.dedup.packed import Texts, blocks
    from tasks.dedup.signatures import Scheme, permutations, sketch
    from tasks.dedup.verify import distinct_hashes, verified

    texts: list[str] = json.loads(path.read_text(encoding="utf-8"))
    source, scheme, told = Texts(texts), Scheme.at(threshold, 128, 3), {}
    rows = blocks(source.sizes)
    salts = np.zeros(len(texts), np.uint64)
    keys = np.empty((scheme.bands, len(texts)), np.uint64)

    near_pairs(texts[:1000])  # the kernels are loaded before the clock starts

    def sign() -> None:
        for packed, each in zip(parts, rows, strict=True):
            keys[:, slice(*each)] = sketch(packed, salts[slice(*each)], scheme)[0]

    told["pack"], parts = _cpu(lambda: [source.take(range(*each)) for each in rows])
    told["of sign: words and shingles, distinct"], _ = _cpu(lambda: [distinct_hashes(each, 3)[1] for each in parts])
    told["sign"], _ = _cpu(sign)
    meeting = Meeting(keys, salts, np.empty(0, np.uint8), CROWDED)
    told["sort"], orders = _cpu(lambda: [order_of(meeting, band) for band in range(scheme.bands)])
    crowds = Crowds.of(meeting, orders)
    told["propose"], found = _cpu(
        lambda: in_order(
            [pairs_in(meeting, crowds, band, order.sorted) for band, order in enumerate(orders)],
            len(texts),
            COMPARED_PAIRS,
        )
    )
    told["compare"], _ = _cpu(lambda: [verified(source, each[0], each[1], threshold, 3) for each in found])
    limit = _limit()
    if limit is not None:
        a, b = permutations(128)
        signed = np.empty((len(texts), 128), np.uint32)

        def run() -> None:
            for packed, each in zip(parts, rows, strict=True):
                arrays = (packed.data, packed.starts, packed.ends)
                pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*arrays, a, b, signed[slice(*each)])]
                limit(*pointers[:3], ctypes.c_int64(each[1] - each[0]), *pointers[3:])

        told["the limit in C: words, shingles and minima alone"], _ = _cpu(run)
    return told


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return round(time.process_time() - started, 3), result


def _limit() -> Any:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = CACHE / "limit.so"
    source = ROOT / "bench" / "peers" / "limit.c"
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    return ctypes.CDLL(str(library)).signatures

"""Near-duplicate search against the public tools: `make bench-dedup`, or `python -m bench.dedup [--large]`.

The same records, the same run: each tool in processes of its own, one after the other, round by round; medians. The
truth is exact and exhaustive (`bench.truth`). The peers are installed into an environment of their own, below the cache
folder that also keeps corpora and truths. Writes bench/results/dedup.json and prints the table.
"""

import argparse
import ctypes
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.corpus import records, sentences
from bench.truth import Pairs, cached
from bench.worker import ABLATION, OURS, SPILLED

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "bench" / "results" / "dedup.json"
CACHE = Path(os.environ.get("FINETUNE_FLOWS_BENCH", Path(tempfile.gettempdir()) / "finetune-flows-bench"))
PEERS = ["fastsketchlsh==1.0.1", "gaoya==0.2.2", "rensa==0.5.0", "datasketch==2.0.0", "xxhash", "numpy"]
TOOLS = [
    "fastsketchlsh, numpy shingler, exact check",
    "fastsketchlsh, its own tokens",
    "gaoya",
    "rensa RMinHash",
    "rensa rho, numpy shingler (flags only)",
    "datasketch",
]
FLOOR = 0.7
THRESHOLD = 0.8
SCALED = 500_000
LARGE = 5_000_000
CHUNK = 100_000

Row = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-scaling", action="store_true", help="leave out the run of 500,000 records")
    parser.add_argument("--large", type=int, nargs="?", const=LARGE, default=0, help="also 5,000,000 records on disk")
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    peers, pool = _peers(), _pool()
    path, truth = _corpus(pool, asked.records)
    rows = _measure(peers, path, truth, asked.runs)
    ours = next(row for row in rows if row["tool"] == OURS)
    paired = [row for row in rows if row["tool"] in TOOLS and not row["flags_only"]]
    fastest = min(paired, key=lambda row: row["wall_s"])
    flags = next(row for row in rows if row["flags_only"])
    fed = next(row for row in rows if row["tool"] == ABLATION)
    told: Row = {
        "records": asked.records,
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "runs": asked.runs,
        "threshold": THRESHOLD,
        "corpus": path.stem,
        "true_pairs": sum(value >= THRESHOLD for value in truth.values()),
        "wall_s": ours["wall_s"],
        "cpu_s": ours["cpu_s"],
        "recall": ours["recall"],
        "precision": ours["precision"],
        "fastest_peer": fastest["tool"],
        "ratio_to_fastest_peer": round(fastest["wall_s"] / ours["wall_s"], 2),
        "cpu_ratio_to_fastest_peer": round(min(row["cpu_s"] for row in paired) / ours["cpu_s"], 2),
        "ratio_to_flags_only": round(flags["wall_s"] / ours["wall_s"], 2),
        "ratio_to_peer_inside_ours": round(fed["wall_s"] / ours["wall_s"], 2),
        "tools": rows,
        "thresholds": [_at(path, truth, threshold) for threshold in (0.7, 0.8, 0.9)],
        "phases_cpu_s": _phases(path),
        "scaling": [],
    }
    _print(told)
    if not asked.no_scaling:
        told["scaling"].append(_scaled(pool))
    if asked.large:
        told["scaling"].append(_spilled(pool, asked.large))
    for row in told["scaling"]:
        print(row)
    asked.result.parent.mkdir(parents=True, exist_ok=True)
    asked.result.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"written: {asked.result}")


def _peers() -> Path:
    """Return the Python of the peers' environment, made once for a list of versions."""
    folder = CACHE / f"peers-{blake2b(' '.join(PEERS).encode(), digest_size=4).hexdigest()}"
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        (folder / "ready").touch()
    return python


def _pool() -> list[str]:
    path = CACHE / "sentences.json"
    if not path.is_file():
        path.write_text(json.dumps(sentences()), encoding="utf-8")
    pool: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return pool


def _corpus(pool: list[str], rows: int) -> tuple[Path, Pairs]:
    """Return the file of a corpus, which its digest names, and its true pairs."""
    texts = records(pool, rows)
    content = json.dumps(texts)
    path = CACHE / f"corpus-{rows}-{blake2b(content.encode(), digest_size=6).hexdigest()}.json"
    path.write_text(content, encoding="utf-8")
    print(f"{rows} records; the true pairs take some minutes the first time")
    return path, cached(CACHE / f"{path.stem}.truth", texts, FLOOR)


def _run(python: Path, tool: str, texts: Path, threshold: float, **environment: str) -> Row:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        result = Path(folder) / "result.json"
        command = [str(python), "-m", "bench.worker", tool, str(texts), str(threshold), str(result)]
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **environment})
        told: Row = json.loads(result.read_text(encoding="utf-8"))
    return told


def _measure(peers: Path, texts: Path, truth: Pairs, runs: int) -> list[Row]:
    here = Path(sys.executable)
    inside = next((peers.parent.parent / "lib").glob("python*/site-packages"))
    # Only the extension module is taken over: all else comes from this environment.
    alone = CACHE / "fastsketchlsh-alone"
    alone.mkdir(exist_ok=True)
    for source in [*inside.glob("FastSketchLSH*.so"), *inside.glob("fastsketchlsh.libs")]:
        if not (alone / source.name).exists():
            (alone / source.name).symlink_to(source)
    told: dict[str, list[Row]] = {}
    for _ in range(runs):
        told.setdefault(OURS, []).append(_run(here, OURS, texts, THRESHOLD))
        told.setdefault(ABLATION, []).append(_run(here, ABLATION, texts, THRESHOLD, PYTHONPATH=str(alone)))
        for tool in TOOLS:
            told.setdefault(tool, []).append(_run(peers, tool, texts, THRESHOLD))
    rows = []
    for tool, each in told.items():
        flags = isinstance(next(iter(each[0]["found"]), None), int)
        recall, precision = _judged(each[0]["found"], truth, THRESHOLD)
        rows.append(
            {
                "tool": tool,
                **{
                    name: round(statistics.median(row[name] for row in each), 3)
                    for name in ("wall_s", "cpu_s", "memory_mb")
                },
                "walls_s": [round(row["wall_s"], 3) for row in each],
                "recall": recall,
                "precision": precision,
                "flags_only": flags,
            }
        )
    ours = rows[0]["wall_s"]
    return [{**row, "times_ours": round(row["wall_s"] / ours, 2)} for row in rows]


def _judged(found: list[Any], truth: Pairs, threshold: float) -> tuple[float, float]:
    """Return (recall, precision) of pairs, or of flagged rows."""
    true: set[Any] = {pair for pair, value in truth.items() if value >= threshold}
    if found and isinstance(found[0], int):
        true = {row for pair in true for row in pair}
    said = {each if isinstance(each, int) else tuple(each) for each in found}
    hits = len(true & said)
    return round(hits / max(len(true), 1), 5), round(hits / max(len(said), 1), 5)


def _at(texts: Path, truth: Pairs, threshold: float) -> Row:
    told = _run(Path(sys.executable), OURS, texts, threshold)
    recall, precision = _judged(told["found"], truth, threshold)
    pairs = sum(value >= threshold for value in truth.values())
    return {
        "threshold": threshold, "true_pairs": pairs, "recall": recall, "precision": precision,
        "wall_s": round(told["wall_s"], 3), "cpu_s": round(told["cpu_s"], 3),
    }  # fmt: skip


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return round(time.process_time() - started, 3), result


def _phases(path: Path) -> dict[str, float]:
    """Return the processor seconds of each phase on one core, and those of the limit in C (gcc or cc, if there)."""
    import numpy as np

    from tasks.dedup.bands import Crowds, Meeting, in_order, order_of, pairs_in
    from tasks.dedup.near import COMPARED_PAIRS, CROWDED, near_pairs
    from tasks.dedup.packed import Texts, blocks
    from tasks.dedup.signatures import Scheme, permutations, sketch
    from tasks.dedup.verify import distinct_hashes, verified

    texts: list[str] = json.loads(path.read_text(encoding="utf-8"))
    source, scheme, told = Texts(texts), Scheme.at(THRESHOLD, 128, 3), {}
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
    told["compare"], _ = _cpu(lambda: [verified(source, each[0], each[1], THRESHOLD, 3) for each in found])
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


def _limit() -> Any:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = CACHE / "limit.so"
    source = ROOT / "bench" / "peers" / "limit.c"
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    return ctypes.CDLL(str(library)).signatures


def _scaled(pool: list[str]) -> Row:
    path = CACHE / f"corpus-{SCALED}.json"
    path.write_text(json.dumps(records(pool, SCALED)), encoding="utf-8")
    told = _run(Path(sys.executable), OURS, path, THRESHOLD)
    path.unlink()
    return _scale("in memory", SCALED, told)


def _spilled(pool: list[str], rows: int) -> Row:
    from tasks.dedup.spill import write_corpus

    folder = CACHE / "spilled"
    shutil.rmtree(folder, ignore_errors=True)
    print(f"writing {rows} records")
    write_corpus(folder, _stream(pool, rows))
    told = _run(Path(sys.executable), SPILLED, folder, THRESHOLD)
    shutil.rmtree(folder)
    return _scale("on disk", rows, told)


def _stream(pool: list[str], rows: int) -> Iterator[str]:
    for seed in range(rows // CHUNK):
        yield from records(pool, CHUNK, seed)


def _scale(where: str, rows: int, told: Row) -> Row:
    return {
        "where": where, "records": rows, "wall_s": round(told["wall_s"], 2), "cpu_s": round(told["cpu_s"], 2),
        "cpu_s_per_100k": round(told["cpu_s"] * 1e5 / rows, 3), "memory_mb_above_corpus": told["memory_mb"],
        "pairs": len(told["found"]),
    }  # fmt: skip


def _processor() -> str:
    lines: Iterable[str] = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _print(told: Row) -> None:
    heads = ["tool", "wall s", "cpu s", "MB", "recall", "precision", "times ours"]
    names = ["tool", "wall_s", "cpu_s", "memory_mb", "recall", "precision", "times_ours"]
    lines = [heads, *([str(row[name]) for name in names] for row in told["tools"])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    print(f"ratio to the fastest peer ({told['fastest_peer']}): {told['ratio_to_fastest_peer']}")
    for row in told["thresholds"]:
        print(
            f"threshold {row['threshold']}: recall {row['recall']}, precision {row['precision']} of {row['true_pairs']}"
        )
    for name, seconds in told["phases_cpu_s"].items():
        print(f"  {seconds:6.3f} cpu s  {name}")


if __name__ == "__main__":
    main()

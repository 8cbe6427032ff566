"""Near-duplicate search against the public tools: `make bench-dedup`, or `python -m bench.dedup [--large]`.

The same records, the same run: each tool in processes of its own, one after the other, round by round; medians. The
truth is exact and exhaustive (`bench.truth`). The peers are installed into an environment of their own, below the cache
folder that also keeps corpora and truths. Writes bench/results/dedup.json and prints the table.
"""

import argparse
import json
import platform
import statistics
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.common import CACHE, RESULTS, cores, peers_environment, processor, sentence_pool
from bench.corpus import records
from bench.dedup_phases import phases
from bench.dedup_scaling import Row, in_memory, on_disk, run_worker
from bench.truth import Pairs, cached
from bench.worker import ABLATION, OURS

RESULT = RESULTS / "dedup.json"
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
LARGE = 5_000_000


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
    peers, pool = peers_environment("peers", PEERS) / "python", sentence_pool()
    path, truth = _corpus(pool, asked.records)
    rows = _measure(peers, path, truth, asked.runs)
    ours = next(row for row in rows if row["tool"] == OURS)
    paired = [row for row in rows if row["tool"] in TOOLS and not row["flags_only"]]
    fastest = min(paired, key=lambda row: row["wall_s"])
    flags = next(row for row in rows if row["flags_only"])
    fed = next(row for row in rows if row["tool"] == ABLATION)
    told: Row = {
        "records": asked.records,
        "cores": cores(),
        "processor": processor(),
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
        "phases_cpu_s": phases(path, THRESHOLD),
        "scaling": [],
    }
    _print(told)
    if not asked.no_scaling:
        told["scaling"].append(in_memory(pool, THRESHOLD))
    if asked.large:
        told["scaling"].append(on_disk(pool, asked.large, THRESHOLD))
    for row in told["scaling"]:
        print(row)
    asked.result.parent.mkdir(parents=True, exist_ok=True)
    asked.result.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"written: {asked.result}")


def _corpus(pool: list[str], rows: int) -> tuple[Path, Pairs]:
    """Return the file of a corpus, which its digest names, and its true pairs."""
    texts = records(pool, rows)
    content = json.dumps(texts)
    path = CACHE / f"corpus-{rows}-{blake2b(content.encode(), digest_size=6).hexdigest()}.json"
    path.write_text(content, encoding="utf-8")
    print(f"{rows} records; the true pairs take some minutes the first time")
    return path, cached(CACHE / f"{path.stem}.truth", texts, FLOOR)


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
        told.setdefault(OURS, []).append(run_worker(here, OURS, texts, THRESHOLD))
        told.setdefault(ABLATION, []).append(run_worker(here, ABLATION, texts, THRESHOLD, PYTHONPATH=str(alone)))
        for tool in TOOLS:
            told.setdefault(tool, []).append(run_worker(peers, tool, texts, THRESHOLD))
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
    told = run_worker(Path(sys.executable), OURS, texts, threshold)
    recall, precision = _judged(told["found"], truth, threshold)
    pairs = sum(value >= threshold for value in truth.values())
    return {
        "threshold": threshold, "true_pairs": pairs, "recall": recall, "precision": precision,
        "wall_s": round(told["wall_s"], 3), "cpu_s": round(told["cpu_s"], 3),
    }  # fmt: skip


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

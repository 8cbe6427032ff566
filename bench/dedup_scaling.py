"""One tool in a process of its own, and how ours grows with the records."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.common import CACHE, ROOT
from bench.corpus import records
from bench.worker import OURS, SPILLED

SCALED = 500_000
CHUNK = 100_000

Row = dict[str, Any]


def run_worker(python: Path, tool: str, texts: Path, threshold: float, **environment: str) -> Row:
    """Run one tool in a process of its own and return what it tells: times, memory, what it found."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        result = Path(folder) / "result.json"
        command = [str(python), "-m", "bench.worker", tool, str(texts), str(threshold), str(result)]
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **environment})
        told: Row = json.loads(result.read_text(encoding="utf-8"))
    return told


def in_memory(pool: list[str], threshold: float) -> Row:
    """Return the figures of half a million records in memory."""
    path = CACHE / f"corpus-{SCALED}.json"
    path.write_text(json.dumps(records(pool, SCALED)), encoding="utf-8")
    told = run_worker(Path(sys.executable), OURS, path, threshold)
    path.unlink()
    return _scale("in memory", SCALED, told)


def on_disk(pool: list[str], rows: int, threshold: float) -> Row:
    """Return the figures of a corpus that lies on disk."""
    from tasks.dedup.spill import write_corpus

    folder = CACHE / "spilled"
    shutil.rmtree(folder, ignore_errors=True)
    print(f"writing {rows} records")
    write_corpus(folder, _stream(pool, rows))
    told = run_worker(Path(sys.executable), SPILLED, folder, threshold)
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

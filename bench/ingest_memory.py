"""How much memory and time ingest takes for one big file.

    python bench/ingest_memory.py                        # 5 GB of JSON Lines
    python bench/ingest_memory.py --gb 1 --kind json     # 1 GB as one JSON array

Makes the file in a temporary folder, reads it in a process of its own, prints size, seconds, rows a second and the
highest resident memory of that process, and removes everything. The records written take as much room again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from bench.common import resident

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("jsonl", "json", "csv", "parquet", "jsonl.gz", "jsonl.zst", "json.gz", "json.zst", "csv.gz", "csv.zst")
BLOCK_ROWS = 5_000
MB, GB = 1_000_000, 1_000_000_000


def main() -> None:
    """Make the file, read it in a child, print what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gb", type=float, default=5.0, help="size of the file before packing, in GB (default: 5)")
    parser.add_argument("--kind", choices=KINDS, default="jsonl")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made (default: the system's)")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        sys.stdout.write(json.dumps(read(arguments.read)))
        return
    with tempfile.TemporaryDirectory(prefix="ingest-memory-", dir=arguments.folder) as name:
        path = Path(name) / f"rows.{arguments.kind}"
        make(path, int(arguments.gb * GB))
        command = [sys.executable, __file__, "--read", str(path)]
        figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        size = path.stat().st_size
    rate = figures["rows"] / figures["seconds"]
    sys.stdout.write(
        f"{arguments.kind}: {size / GB:.2f} GB, {figures['rows']:,} rows in {figures['seconds']:.1f} s "
        f"({rate:,.0f} rows/s, {size / MB / figures['seconds']:.0f} MB/s), peak {figures['peak_mb']:.0f} MB "
        f"({figures['idle_mb']:.0f} MB before the first row)\n"
    )


def read(path: Path) -> dict[str, Any]:
    """Collect one file and return rows, seconds and the highest resident memory."""
    import os

    os.environ["FINETUNE_FLOWS_INPUT_ROOTS"] = str(path.parent)
    sys.path.insert(0, str(ROOT))
    from tasks.ingest.collect import collect
    from tasks.ingest.params import IngestParams
    from tasks.ingest.sources import find_sources

    sources = find_sources([str(path)])
    out = path.parent / "out"
    out.mkdir()
    idle = resident("VmHWM")
    started = time.monotonic()
    tally = collect(sources, IngestParams(), "task", out)
    seconds = time.monotonic() - started
    return {"rows": tally.counts["read"], "seconds": seconds, "idle_mb": idle, "peak_mb": resident("VmHWM")}


def make(path: Path, size: int) -> None:
    """Write rows of a question and an answer, about 900 bytes each, until the file has its size before packing."""
    if path.suffix == ".parquet":
        make_parquet(path, size)
        return
    with opened(path) as file:
        kind = path.name.split(".")[1]
        file.write({"jsonl": b"", "json": b"[\n", "csv": b"instruction,response\n"}[kind])
        between = b",\n" if kind == "json" else b"\n"
        written, block = 0, between.join(lines(kind))
        while written < size:
            file.write(between if written else b"")
            written += file.write(block)
        file.write(b"\n]\n" if kind == "json" else b"\n")


def lines(kind: str) -> Iterator[bytes]:
    """Yield the rows of one block; every tenth has characters beyond ASCII."""
    for number in range(BLOCK_ROWS):
        row = {"instruction": f"Question {number}: {'why? ' * 60}", "response": f"{'because of it, ' * 40}{number}"}
        if number % 10 == 0:
            row["response"] += " grüße 😀"
        text = ",".join(f'"{cell}"' for cell in row.values()) if kind == "csv" else json.dumps(row, ensure_ascii=False)
        yield text.encode()


def opened(path: Path) -> IO[bytes]:
    """Open a file for writing, packed as its name says."""
    import gzip
    from typing import cast

    import zstandard

    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "wb", compresslevel=1))
    if path.suffix == ".zst":
        return cast(IO[bytes], zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(level=1)))
    return path.open("wb")


def make_parquet(path: Path, size: int) -> None:
    """Write one row group of all rows: the layout that is hardest to stream."""
    import pyarrow
    import pyarrow.parquet

    rows = [json.loads(line) for line in lines("jsonl")]
    table = pyarrow.table({name: [row[name] for row in rows] for name in rows[0]})
    blocks = -(-size // table.nbytes)
    whole = pyarrow.concat_tables([table] * blocks)
    pyarrow.parquet.write_table(whole, path, row_group_size=whole.num_rows, use_dictionary=False, compression="none")


if __name__ == "__main__":
    main()

"""datatrove, from JSON Lines to deduplicated ones: `python datatrove_run.py SOURCES OUT WORKERS`.

Runs in an environment of its own: the documented four steps of MinHash deduplication, with word 3-shingles and 16 bands
of 8 as the others have.
"""

import sys
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig


def main(sources: Path, out: Path, workers: int) -> None:
    """Run the four steps one after the other."""
    config = MinhashConfig(n_grams=3, num_buckets=16, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
    files = len(list(sources.glob("*.jsonl")))
    steps = [
        (files, [JsonlReader(str(sources)), MinhashDedupSignature(str(out / "signatures"), config=config)]),
        (16, [MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=config)]),
        (1, [MinhashDedupCluster(str(out / "buckets"), str(out / "remove"), config=config)]),
        (
            files,
            [
                JsonlReader(str(sources)),
                MinhashDedupFilter(str(out / "remove")),
                JsonlWriter(str(out / "kept"), compression=None),
            ],
        ),
    ]
    for number, (tasks, pipeline) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=min(workers, tasks), logging_dir=str(out / f"log-{number}")
        ).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

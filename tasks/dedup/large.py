"""The near-duplicate search of a stage: in memory, or on disk where sets are large, with last night's signatures."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tasks.dedup.near import Pair, near_pairs
from tasks.dedup.params import DedupParams
from tasks.dedup.runners import Runner, on_ray, processes, threads
from tasks.dedup.shards import near_duplicates
from tasks.dedup.spill import write_corpus
from tasks.errors import ConfigError
from tasks.settings import home
from tasks.store.keys import KEY_LENGTH, digest_of
from tasks.store.locks import file_lock


def stage_pairs(texts: Sequence[str], labels: Sequence[str], params: DedupParams, scratch: Path) -> list[Pair]:
    """Return the pairs (i, j, Jaccard) with equal labels that reach the threshold; the same ones wherever it runs.

    Args:
        texts: Normalised texts.
        labels: One for each text.
        params: Threshold, shingles, permutations; where the search runs.
        scratch: Folder of this stage's run, seen by all nodes where Ray is used.

    Raises:
        ConfigError: Ray is asked for and is not installed, or its cluster does not answer.
    """
    if params.near_runner == "auto" and len(texts) <= params.near_memory_rows:
        return near_pairs(texts, params.threshold, params.num_perm, params.shingle_size, labels)
    for name in ("corpus", "near", "kept"):
        shutil.rmtree(scratch / name, ignore_errors=True)
    corpus = write_corpus(scratch / "corpus", texts, labels)
    last = _last_night(params)
    last.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(last.with_suffix(".lock"), waiting_for="the kept signatures"), _runner(params) as run:
        found = near_duplicates(
            corpus,
            scratch / "near",
            params.threshold,
            params.num_perm,
            params.shingle_size,
            run,
            previous=last if last.is_dir() else None,
            keep=scratch / "kept",
        )
        shutil.rmtree(last, ignore_errors=True)
        shutil.move(scratch / "kept", last)
    return list(zip(found.left.tolist(), found.right.tolist(), found.value.tolist(), strict=True))


def _last_night(params: DedupParams) -> Path:
    scheme = digest_of({"num_perm": params.num_perm, "shingle_size": params.shingle_size})[:KEY_LENGTH]
    return home() / "cache" / "signatures" / scheme


@contextmanager
def _runner(params: DedupParams) -> Iterator[Runner]:
    if params.near_runner == "processes":
        with processes() as run:
            yield run
    elif params.near_runner == "ray":
        with _cluster():
            yield on_ray
    else:
        yield threads


@contextmanager
def _cluster() -> Iterator[None]:
    """Join the cluster that RAY_ADDRESS names, or one that was joined already, or start one on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "dedup.near_runner is ray, but Ray is not installed: `pip install ray`, or use threads or processes"
        ) from None
    if ray.is_initialized():
        yield
        return
    try:
        ray.init(address=os.environ.get("RAY_ADDRESS"), include_dashboard=False, log_to_driver=False)
    except ConnectionError as error:
        raise ConfigError(f"no Ray cluster answers at RAY_ADDRESS: {error}. Start one (`ray start`)") from error
    try:
        yield
    finally:
        ray.shutdown()

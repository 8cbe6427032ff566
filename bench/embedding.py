"""How fast the embedding backends and the two searches are: `python -m bench.embedding [--rows 100000]`.

Prints, for records of 40 to 60 words from a seeded generator: the whole embedding pass of dedup with the static backend
(in its child process's function, without and with kept vectors), records a second of either backend, and exact search
against an index. Wall-clock and processor seconds are both given: on a machine with other work the first says little.
The home is a temporary folder, so nothing of a real one is read or changed; distilling is timed apart.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

SEED = 7
REPEATED = 0.1
CHANGED_WORDS = 0.08
TOPICS = 400
THRESHOLD = 0.85


def records(rows: int, vocabulary: list[str]) -> list[str]:
    """Return texts of 40 to 60 words about some hundred topics; a tenth repeat another with a few words changed."""
    drawn = random.Random(SEED)  # noqa: S311 - data for a measurement
    topics = [drawn.sample(vocabulary, 120) for _ in range(TOPICS)]
    texts: list[str] = []
    for _ in range(rows):
        if texts and drawn.random() < REPEATED:
            words = [
                drawn.choice(vocabulary) if drawn.random() < CHANGED_WORDS else word
                for word in drawn.choice(texts).split()
            ]
        else:
            topic = drawn.choice(topics)
            words = [drawn.choice(topic if drawn.random() < 0.7 else vocabulary) for _ in range(drawn.randint(40, 60))]
        texts.append(" ".join(words))
    return texts


@contextmanager
def timed(what: str, rows: int = 0) -> Iterator[None]:
    """Print how long a block takes."""
    wall, cpu = time.monotonic(), time.process_time()
    yield
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    rate = f"{rows / wall:>10.0f} records/s" if rows else ""
    print(f"{what:<58} {wall:>8.1f} s wall {cpu:>8.1f} s cpu {rate}", flush=True)


class Quiet:
    """Stands for the parent of a child process."""

    def progress(self, *_arguments: Any, **_figures: Any) -> None:
        """Take a report."""

    def check(self) -> None:
        """Never stop."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=500, help="rows for the sentence-transformers model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FINETUNE_FLOWS_HOME"] = home
        measure(options.rows, options.sample, Path(home))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


def measure(rows: int, sample: int, home: Path) -> None:
    """Print all figures."""
    from tasks.dedup import child
    from tasks.dedup.encode import SentenceEncoder, StaticEncoder
    from tasks.dedup.model import locate_model, model_digest
    from tasks.dedup.params import EMBEDDED
    from tasks.dedup.search import search
    from tasks.dedup.static import static_model
    from tasks.store.records import write_rows

    model = locate_model(EMBEDDED)
    vocabulary = [word for word in (model / "vocab.txt").read_text().split() if word.isalpha() and len(word) > 3]
    texts = records(rows, vocabulary)
    with timed("distilling, once for a model"):
        folder = static_model(model, model_digest(model))
    quiet: Any = Quiet()
    write_rows(home / "texts.jsonl", ({"text": text, "label": ""} for text in texts))
    payload = {
        "model": str(model), "threshold": THRESHOLD, "backend": "static", "agreement_rows": 512,
        "texts": str(home / "texts.jsonl"), "pairs": str(home / "pairs.jsonl"),
    }  # fmt: skip
    with timed("the whole pass, static backend", rows):
        said = child.main(payload, quiet, quiet)
    print(f"  {said}")
    with timed("the same again: every vector is kept", rows):
        child.main(payload, quiet, quiet)
    static = StaticEncoder(folder)
    with timed("static backend, embedding alone", rows):
        vectors = static.encode(texts, lambda _done, _total: None)
    full = SentenceEncoder(model, "bench")
    with timed("sentence-transformers backend, embedding alone", sample):
        full.encode(texts[:sample], lambda _done, _total: None)
    threshold = said["threshold"]
    for name, exact_rows in (("exact", rows), ("index", rows - 1)):
        with timed(f"{name} search", rows):
            pairs, figures = search(vectors, threshold, [range(rows)], exact_rows=exact_rows)
        print(f"  {len(pairs)} pairs kept, {figures}")


if __name__ == "__main__":
    main()

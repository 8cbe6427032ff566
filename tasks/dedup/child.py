"""Child process: embed texts and find the close ones."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.agreement import agreement, matched_threshold, sample_pairs, sample_rows
from tasks.dedup.encode import AUTO_ROWS, Encoder, SentenceEncoder, StaticEncoder, choose_backend, marked
from tasks.dedup.model import model_digest
from tasks.dedup.near import partners
from tasks.dedup.search import EXACT_ROWS, RECALL, search
from tasks.dedup.static import DIMENSIONS, static_model
from tasks.dedup.vectors import LIMIT_BYTES, VectorCache, text_key
from tasks.runtime.child import Events, StopFlag
from tasks.settings import home
from tasks.store.records import Row, read_rows, write_rows

if TYPE_CHECKING:
    import numpy as np

REPORT_EVERY_S = 3.0


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Write the close pairs of `payload["texts"]` (rows with `text` and `label`) to `payload["pairs"]`.

    Of a cluster not all pairs are written, but all that decide its group (`tasks.dedup.links`).

    Args:
        payload: `model` (folder), `threshold` (cosine, for the sentence-transformers model), `texts` and `pairs`
            (files). Optional: `digest` (of the model); `backend` (`sentence-transformers`, `static` or `auto`) and
            `auto_rows`; `static_threshold` (0: matched to `threshold` on the sample); `static_dimensions`;
            `exact_rows` and `recall` of the search; `agreement_rows` (sample on which the backends are compared, 0:
            none; `agreement_always`: also when the static one is not used); `cache_bytes` (0: no vectors are kept).
        events: Told of the progress.
        stop: Asked at each batch and block.

    Returns:
        `embedded`, `too_long` and `unknown`, rows; `reused`, rows whose vectors were kept from an earlier run;
        `seconds` of the embedding alone; `backend` and `threshold`, as used; `search` and `agreement` (None without),
        figures.
    """
    work = _Work(payload, events, stop)
    rows = list(read_rows(Path(payload["texts"])))
    texts = [row["text"] for row in rows]
    backend = choose_backend(
        payload.get("backend", "sentence-transformers"), len(rows), work.option("auto_rows", AUTO_ROWS)
    )
    # Said before the imports: on a busy machine the libraries alone take ten seconds.
    events.progress(f"loading the {backend} embedding model for {len(rows)} rows")
    encoder = work.encoder(backend)
    started = time.monotonic()
    vectors, reused = work.vectors(encoder, texts)
    seconds = time.monotonic() - started
    too_long, unknown = marked(vectors)
    labels = [row["label"] for row in rows]
    judged = [index for index, skipped in enumerate((too_long | unknown).tolist()) if not skipped]
    groups = [[judged[index] for index in group] for group in partners([labels[index] for index in judged])]
    compared, threshold = work.compare(encoder, vectors, texts, groups)
    pairs, searched = search(
        vectors,
        threshold,
        groups,
        exact_rows=work.option("exact_rows", EXACT_ROWS),
        recall=work.option("recall", RECALL),
        report=work.reporter("rows compared"),
    )
    found: list[Row] = [{"left": left, "right": right, "cosine": value} for left, right, value in pairs]
    write_rows(Path(payload["pairs"]), found)
    events.progress(f"{len(judged)} rows embedded in {seconds:.1f} s ({reused} reused), {searched.pairs} close pairs")
    return {
        "embedded": len(judged),
        "too_long": int(too_long.sum()),
        "unknown": int(unknown.sum()),
        "reused": reused,
        "seconds": round(seconds, 2),
        "backend": backend,
        "threshold": threshold,
        "search": searched.as_json(),
        "agreement": compared,
    }


class _Work:
    """The steps of one child, with what they share."""

    def __init__(self, payload: dict[str, Any], events: Events, stop: StopFlag) -> None:
        self.payload, self.events, self.stop = payload, events, stop
        self.model = Path(payload["model"])
        self.digest: str = payload.get("digest") or model_digest(self.model)
        # Nothing forks here, so tokenizers may use the threads that the process is given.
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
        os.environ.setdefault("RAYON_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1)))

    def option(self, name: str, default: Any) -> Any:
        """Return an optional entry of the payload."""
        return self.payload.get(name, default)

    def encoder(self, backend: str) -> Encoder:
        """Load a backend; the static one is distilled if it has not been."""
        if backend == "static":
            dimensions = self.option("static_dimensions", DIMENSIONS)
            return StaticEncoder(static_model(self.model, self.digest, dimensions, self.events.progress))
        return SentenceEncoder(self.model, self.digest)

    def vectors(self, encoder: Encoder, texts: Sequence[str]) -> tuple["np.ndarray", int]:
        """Return vectors and marks of texts, and how many were kept from an earlier run."""
        limit = self.option("cache_bytes", LIMIT_BYTES)
        report = self.reporter("rows embedded")
        if not limit or not texts:
            return encoder.encode(texts, report), 0
        cache = VectorCache(home() / "cache" / "vectors" / encoder.identity, encoder.width, "float32", limit)
        return cache.through(texts, lambda new: encoder.encode([texts[index] for index in new], report))

    def compare(
        self, encoder: Encoder, vectors: "np.ndarray", texts: Sequence[str], groups: Sequence[Sequence[int]]
    ) -> tuple[dict[str, Any] | None, float]:
        """Compare the backends on a sample; return the figures and the threshold of the one that is used."""
        given: float = self.payload["threshold"]
        static_threshold: float = self.option("static_threshold", 0.0)
        static = encoder.name == "static"
        rows = self.option("agreement_rows", 0)
        if static and not static_threshold and not rows:
            return None, given
        if not rows or not (static or self.option("agreement_always", False)):
            return None, static_threshold if static else given
        self.events.progress("comparing the two embedding backends on a sample")
        sample = sample_rows(vectors, [text_key(text) for text in texts], groups, rows)
        other = self.encoder("sentence-transformers" if static else "static")
        others, _ = self.vectors(other, [texts[index] for index in sample])
        pairs = sample_pairs(sample, groups)
        # A text that one of them cannot judge tells nothing about whether they agree.
        too_long, unknown = marked(others)
        pairs = pairs[~(too_long | unknown)[pairs].any(axis=1)]
        cosines = [(found[pairs[:, 0]] * found[pairs[:, 1]]).sum(axis=1) for found in (vectors[sample], others)]
        by_static, by_full = cosines if static else reversed(cosines)
        matched = static_threshold or matched_threshold(by_full, by_static, given)
        figures = agreement(len(sample), by_full, by_static, given, matched)
        return figures.as_json(), matched if static else given

    def reporter(self, what: str) -> Any:
        """Return a function that reports rows done now and then, and stops when the parent asks for it."""
        reported = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal reported
            self.stop.check()
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                self.events.progress(f"{done} of {total} {what}", done, total)

        return report

"""Child process: embed texts and find the close ones."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.cosine import cosine_pairs
from tasks.dedup.near import partners
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import Row, read_rows, write_rows

if TYPE_CHECKING:
    import numpy as np

BATCH_ROWS = 32
REPORT_EVERY_S = 3.0


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Write the close pairs of `payload["texts"]` (rows with `text` and `label`) to `payload["pairs"]`.

    Returns:
        `embedded` and `too_long`, rows; `seconds` of the embedding alone.
    """
    rows = list(read_rows(Path(payload["texts"])))
    # Said before the import: on a busy machine the libraries alone take ten seconds.
    events.progress(f"loading the embedding model for {len(rows)} rows")
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        payload["model"], trust_remote_code=False, local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    texts = [row["text"] for row in rows]
    lengths = _token_counts(model, texts)
    limit = model.max_seq_length or max(lengths, default=0)
    # The model would read only the beginning of a longer text, and call two texts equal that differ in the rest.
    short = [index for index, length in enumerate(lengths) if length <= limit]
    events.progress(f"{len(short)} rows to embed, {len(rows) - len(short)} are too long")
    started = time.monotonic()
    order = sorted(short, key=lambda index: (-lengths[index], index))
    vectors = _embed(model, texts, order, events, stop)
    seconds = time.monotonic() - started
    groups = partners([rows[index]["label"] for index in short])
    found: list[Row] = []
    reported = time.monotonic()
    for number, block in enumerate(cosine_pairs(vectors[short], payload["threshold"], groups), start=1):
        stop.check()
        found += [{"left": short[left], "right": short[right], "cosine": value} for left, right, value in block]
        if time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            events.progress(f"{number} blocks compared, {len(found)} close pairs")
    write_rows(Path(payload["pairs"]), found)
    events.progress(f"{len(short)} rows embedded in {seconds:.1f} s, {len(found)} close pairs")
    return {"embedded": len(short), "too_long": len(rows) - len(short), "seconds": round(seconds, 2)}


def _token_counts(model: Any, texts: list[str]) -> list[int]:
    encoded = model.tokenizer(texts, truncation=False, padding=False, return_attention_mask=False, verbose=False)
    return [len(ids) for ids in encoded["input_ids"]] if texts else []


def _embed(model: Any, texts: list[str], order: list[int], events: Events, stop: StopFlag) -> "np.ndarray":
    """Return unit vectors, shape [texts, dimensions]; rows that are not in `order` stay zero.

    The longest come first: a batch holds texts of one length, and memory is short at the start or never.
    """
    import numpy as np

    dimensions = model.get_embedding_dimension()
    vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
    reported = time.monotonic()
    for start in range(0, len(order), BATCH_ROWS):
        stop.check()
        batch = order[start : start + BATCH_ROWS]
        vectors[batch] = model.encode(
            [texts[index] for index in batch],
            batch_size=BATCH_ROWS,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        if time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            done = start + len(batch)
            events.progress(f"{done} of {len(order)} rows embedded", done, len(order))
    return vectors

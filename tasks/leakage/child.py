"""Child process: embed texts."""

from pathlib import Path
from typing import Any

from tasks.runtime.child import Events, StopFlag
from tasks.store.records import read_rows

BLOCK_ROWS = 256
BATCH_ROWS = 32


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Write the unit vectors of `payload["texts"]` (rows with `text`) to `payload["vectors"]`.

    A text longer than the model reads stays a row of zeros: by its beginning alone it could be called equal to another.

    Returns:
        `embedded` and `too_long`, rows.
    """
    import numpy as np

    texts = [row["text"] for row in read_rows(Path(payload["texts"]))]
    # Said before the import: on a busy machine the libraries alone take ten seconds.
    events.progress(f"loading the embedding model for {len(texts)} rows")
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        payload["model"], trust_remote_code=False, local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    encoded = model.tokenizer(texts, truncation=False, padding=False, return_attention_mask=False, verbose=False)
    lengths = [len(ids) for ids in encoded["input_ids"]]
    limit = model.max_seq_length or max(lengths)
    # The longest come first: memory is short at the start or never.
    order = sorted((at for at, length in enumerate(lengths) if length <= limit), key=lambda at: (-lengths[at], at))
    vectors = np.zeros((len(texts), model.get_embedding_dimension()), dtype=np.float32)
    for start in range(0, len(order), BLOCK_ROWS):
        stop.check()
        block = order[start : start + BLOCK_ROWS]
        vectors[block] = model.encode(
            [texts[at] for at in block], batch_size=BATCH_ROWS, normalize_embeddings=True, show_progress_bar=False
        )
        done = start + len(block)
        events.progress(f"{done} of {len(order)} rows embedded", done, len(order))
    np.save(payload["vectors"], vectors)
    return {"embedded": len(order), "too_long": len(texts) - len(order)}

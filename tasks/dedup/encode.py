"""Texts to unit vectors, by a sentence-transformers model or by the static model distilled from it.

Either way a text's vector depends on the text alone, bit for bit, and not on what it is computed together with; so
vectors kept from an earlier run equal those of a full run. For the sentence-transformers model that takes batches of
fixed shape: 16 texts (a short batch is filled up), filled up to the same multiple of 8 tokens. Batches as they come
make the libraries choose other kernels for other shapes, and differ by about 2e-7.

A text that the model cannot judge as a whole gets a mark instead of a vector: a longer one than it reads (it would call
two texts equal that differ only in the rest), or one of which it knows too few tokens (another script, symbols).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tasks.dedup.static import FILES
from tasks.store.keys import digest_of, file_digest, library_versions

if TYPE_CHECKING:
    import numpy as np

Used = Literal["sentence-transformers", "static"]
Backend = Literal["auto", "sentence-transformers", "static"]
Report = Callable[[int, int], None]

AUTO_ROWS = 10_000
BATCH_ROWS = 16
LENGTH_STEP = 8
TOKENISED_ROWS = 1024
UNKNOWN_SHARE = 0.2

# What the first number of a mark is; no unit vector holds it. The other numbers are 0.
TOO_LONG = 2.0
UNKNOWN = 3.0


class Encoder(Protocol):
    """What both backends can do.

    Attributes:
        name: The backend.
        width: Dimensions of a vector.
        identity: Names everything that decides a vector besides its text; fit for a folder's name.
    """

    name: Used
    width: int
    identity: str

    def encode(self, texts: Sequence[str], report: Report) -> "np.ndarray":
        """Return unit vectors or marks, shape [texts, width], float32; `report` may raise to stop the work."""
        ...


def choose_backend(backend: Backend, rows: int, auto_rows: int = AUTO_ROWS) -> Used:
    """Return the backend to use: of `auto`, the static one for more rows than `auto_rows`."""
    if backend == "auto":
        return "static" if rows > auto_rows else "sentence-transformers"
    return backend


def marked(vectors: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Return two masks, shape [texts]: texts that are too long, and texts of unknown tokens."""
    return vectors[:, 0] == TOO_LONG, vectors[:, 0] == UNKNOWN


class SentenceEncoder:
    """A sentence-transformers model."""

    name: Used = "sentence-transformers"

    def __init__(self, model: Path, digest: str) -> None:
        """Load a model.

        Args:
            model: Its folder (`tasks.dedup.model.locate_model`).
            digest: Of what lies in it (`tasks.dedup.model.model_digest`).
        """
        import torch
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(
            str(model), trust_remote_code=False, local_files_only=True, model_kwargs={"use_safetensors": True}
        )
        self.width = int(self._model.get_embedding_dimension())
        self._prompt = self._model.prompts.get(self._model.default_prompt_name or "", "")
        self._limit = self._model.max_seq_length or 2**31
        decides = {
            "model": digest,
            "batch": [BATCH_ROWS, LENGTH_STEP, UNKNOWN_SHARE],
            "libraries": library_versions(("sentence-transformers", "torch", "transformers", "tokenizers")),
            # Processors with other vector units round differently.
            "device": [self._model.device.type, torch.backends.cpu.get_cpu_capability()],
        }
        self.identity = f"{self.name}-{digest_of(decides)[:24]}"

    def encode(self, texts: Sequence[str], report: Report) -> "np.ndarray":
        """Return unit vectors or marks; the longest come first: memory is short at the start or never."""
        import numpy as np

        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        buckets: dict[int, list[int]] = {}
        for position, ids in enumerate(self._token_ids(texts)):
            if len(ids) > self._limit:
                vectors[position, 0] = TOO_LONG
            elif _unknown(ids, self._model.tokenizer.unk_token_id):
                vectors[position, 0] = UNKNOWN
            else:
                length = min(-(-len(ids) // LENGTH_STEP) * LENGTH_STEP, self._limit)
                buckets.setdefault(length, []).append(position)
        done, total = 0, sum(map(len, buckets.values()))
        for length, members in sorted(buckets.items(), reverse=True):
            for start in range(0, len(members), BATCH_ROWS):
                report(done, total)
                batch = members[start : start + BATCH_ROWS]
                filled = batch + batch[:1] * (BATCH_ROWS - len(batch))
                found = self._model.encode(
                    [texts[position] for position in filled],
                    batch_size=BATCH_ROWS,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                    processing_kwargs={"text": {"padding": "max_length", "max_length": length}},
                )
                vectors[batch] = found[: len(batch)]
                done += len(batch)
        return vectors

    def _token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        tokenizer: Any = self._model.tokenizer
        ids: list[list[int]] = []
        for start in range(0, len(texts), TOKENISED_ROWS):
            batch = [self._prompt + text for text in texts[start : start + TOKENISED_ROWS]]
            ids += tokenizer(batch, truncation=False, padding=False, return_attention_mask=False, verbose=False)[
                "input_ids"
            ]
        return ids


class StaticEncoder:
    """A static model, from the folder that `tasks.dedup.static.static_model` gives; it reads texts of any length."""

    name: Used = "static"

    def __init__(self, folder: Path) -> None:
        from model2vec import StaticModel

        self._model = StaticModel.from_pretrained(folder, force_download=False)
        self._model.tokenizer.no_truncation()
        self._model.tokenizer.no_padding()
        self.width = int(self._model.dim)
        decides = {
            "files": [file_digest(folder / name) for name in FILES],
            "unknown": UNKNOWN_SHARE,
            "libraries": library_versions(("model2vec", "tokenizers", "numpy")),
        }
        self.identity = f"{self.name}-{digest_of(decides)[:24]}"

    def encode(self, texts: Sequence[str], report: Report) -> "np.ndarray":
        """Return unit vectors or marks; unknown tokens are left out of the mean.

        As `StaticModel.encode` does it, which would hide the tokens that are unknown.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        unknown_id, table = self._model.unk_token_id, self._model.embedding
        for start in range(0, len(texts), TOKENISED_ROWS):
            report(start, len(texts))
            batch = list(texts[start : start + TOKENISED_ROWS])
            encodings = self._model.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for position, ids in enumerate((encoding.ids for encoding in encodings), start=start):
                if _unknown(ids, unknown_id):
                    vectors[position, 0] = UNKNOWN
                    continue
                mean = table[[token for token in ids if token != unknown_id]].mean(axis=0)
                vectors[position] = mean / (np.linalg.norm(mean) + 1e-32)
        return vectors


def _unknown(ids: Sequence[int], unknown_id: int | None) -> bool:
    return not ids or (unknown_id is not None and ids.count(unknown_id) > UNKNOWN_SHARE * len(ids))

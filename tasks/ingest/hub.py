"""Datasets on the Hugging Face hub, by id and commit.

    hf://datasets/<org>/<name>@<commit>/<file, folder or glob>
    hf://datasets/<org>/<name>@<commit>#<split>
    hf://datasets/<org>/<name>@<commit>#<configuration>/<split>

The first form is huggingface_hub's own. The others stand for the data files that the `datasets` library takes for a
split; no code of a dataset is ever run (that library runs none since version 4). Branches and tags move, so a name
without the commit's 40 digits is refused, with the pinned name to write instead: the parameters of a run alone then say
what it was trained on.
"""

import re

from tasks.errors import ConfigError
from tasks.ingest.remote_errors import translated

_COMMIT = re.compile(r"[0-9a-f]{40}")
FORM = "hf://datasets/<org>/<name>@<commit>/<files>, or ...@<commit>#<split>, or ...@<commit>#<configuration>/<split>"


def pinned_names(name: str) -> list[str]:
    """Return the names, all of the first form, that a dataset's name stands for.

    Raises:
        ConfigError: The name has another form, is not pinned, or has no such configuration or split.
        TransientError: The hub could not be reached.
    """
    from huggingface_hub import constants, parse_hf_uri
    from huggingface_hub.errors import HfUriError

    place, marked, part = name.partition("#")
    try:
        uri = parse_hf_uri(place)
    except HfUriError as error:
        raise ConfigError(f"{name} is no name of a dataset ({error}). Write {FORM}") from error
    if uri.type != "dataset" or (marked and (uri.path_in_repo or not part)):
        raise ConfigError(f"{name} is no name of a dataset's files. Write {FORM}")
    if constants.HF_HUB_OFFLINE:
        raise ConfigError(
            f"{name} lies on the hub, which this machine may not ask: HF_HUB_OFFLINE is set. Unset it, or download the "
            "files by hand and name them as local ones."
        )
    if uri.revision is None or not _COMMIT.fullmatch(uri.revision):
        rest = f"/{uri.path_in_repo}" if uri.path_in_repo else f"#{part}" if part else ""
        raise ConfigError(_unpinned(name, uri.id, uri.revision, rest))
    if not marked:
        return [place]
    configuration, _, split = part.rpartition("/")
    return _split_files(name, uri.id, uri.revision, configuration, split)


def _unpinned(name: str, dataset: str, revision: str | None, rest: str) -> str:
    from huggingface_hub import HfApi

    with translated(name):
        commit = HfApi().dataset_info(dataset, revision=revision).sha
    what = f"'{revision}' can move" if revision else "it names no commit"
    return (
        f"{name} is not pinned: {what}, so the same run could read other rows tomorrow. The commit of today is "
        f"{commit}: write hf://datasets/{dataset}@{commit}{rest}"
    )


def _split_files(name: str, dataset: str, commit: str, configuration: str, split: str) -> list[str]:
    """Ask the `datasets` library which files a split consists of; it reads the dataset's card and file names."""
    import datasets

    # It would tell a server elsewhere which dataset is looked at.
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    with translated(name):
        builder = datasets.load_dataset_builder(f"hf://datasets/{dataset}", configuration or None, revision=commit)
        splits = builder.config.data_files or {}
    start = f"hf://datasets/{dataset}@{commit}/"
    files = [str(file) for file in splits.get(split, [])]
    if not files:
        known = ", ".join(sorted(map(str, splits))) or "none"
        raise ConfigError(f"{name}: there is no split '{split}' that is made of files. There are: {known}")
    # Where the hub fails, the library may offer what it has of another commit, or a card may point to other places.
    if strange := [file for file in files if not file.startswith(start)]:
        raise ConfigError(f"{name}: the split lies outside the pinned commit ({strange[0]}). Name its files instead")
    return files

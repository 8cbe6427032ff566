import pytest

from tasks.dedup.model import locate_model, model_digest
from tasks.dedup.params import EMBEDDED
from tasks.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    (path / "1_Pooling").mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "1_Pooling" / "config.json").write_text("{}")
    return path


def test_the_embedded_model_is_found():
    assert (locate_model(EMBEDDED) / "model.safetensors").is_file()


def test_an_unknown_embedded_model_is_named():
    with pytest.raises(ConfigError, match="no embedding model 'embedded:other'"):
        locate_model("embedded:other")


def test_a_folder_and_its_digest(folder):
    assert locate_model(str(folder)) == folder.resolve()
    before = model_digest(folder)
    (folder / "1_Pooling" / "config.json").write_text('{"mean": true}')
    assert model_digest(folder) != before
    (folder / "README.md").write_text("words")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    assert model_digest(folder) == before


def test_a_folder_outside_the_roots_is_refused():
    with pytest.raises(ConfigError, match="outside the allowed folders"):
        locate_model("/usr/lib")


def test_what_cannot_be_loaded_safely_is_refused(folder):
    (folder / "1_Pooling" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ConfigError, match="pickled weights"):
        locate_model(str(folder))
    (folder / "1_Pooling" / "pytorch_model.bin").unlink()
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="no safetensors"):
        locate_model(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match="no model folder"):
        locate_model(str(folder))


def test_a_hub_name_that_is_not_there_is_a_configuration_error():
    with pytest.raises(ConfigError, match="neither a folder nor in the local cache"):
        locate_model("nobody/no-such-model@main")

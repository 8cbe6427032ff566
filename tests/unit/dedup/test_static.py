import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.dedup import static
from tasks.dedup.static import static_model
from tasks.errors import ConfigError
from tests.unit.dedup.tiny_embedding import write_tiny_embedding


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_embedding(tmp_path_factory.mktemp("embedding"))


@pytest.fixture
def distilled(monkeypatch):
    """Count how often a model is distilled."""
    calls = []
    distil = static._distil
    monkeypatch.setattr(static, "_distil", lambda *arguments: (calls.append(arguments), distil(*arguments)))
    return calls


def test_a_model_is_distilled_once_and_kept_as_safetensors(model, home, distilled):
    said = []
    folder = static_model(model, "digest", 16, said.append)
    assert folder.parent == home / "cache" / "static"
    assert (folder / "model.safetensors").is_file()
    assert static_model(model, "digest", 16, said.append) == folder
    assert len(distilled) == 1
    assert said == ["distilling a static model, once for this embedding model"]
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]


def test_dimensions_and_digest_decide_the_folder(model):
    from safetensors import safe_open

    folders = {static_model(model, digest, dims) for digest, dims in (("a", 16), ("a", 8), ("b", 8))}
    assert len(folders) == 3
    with safe_open(static_model(model, "a", 8) / "model.safetensors", "numpy") as file:
        assert file.get_slice("embeddings").get_shape()[1] == 8


def test_the_tokenizer_neither_cuts_texts_nor_fills_them_up(model):
    said = json.loads((static_model(model, "digest", 16) / "tokenizer.json").read_text())
    assert said["truncation"] is None
    assert said["padding"] is None


def test_the_same_model_gives_the_same_bytes(model, home, monkeypatch):
    first = (static_model(model, "digest", 16) / "model.safetensors").read_bytes()
    monkeypatch.setenv("FINETUNE_FLOWS_HOME", str(home / "other"))
    assert (static_model(model, "digest", 16) / "model.safetensors").read_bytes() == first


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "digests.json"])
def test_a_damaged_one_is_distilled_again(model, distilled, name):
    folder = static_model(model, "digest", 16)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1])
    os.utime(folder / name, (1, 1))
    assert static_model(model, "digest", 16) == folder
    assert len(distilled) == 2
    assert (folder / name).read_bytes() == whole


def test_a_failed_one_leaves_nothing_behind(model, home, tmp_path):
    with pytest.raises(ConfigError, match="no static model can be distilled from"):
        static_model(tmp_path, "digest", 16)
    assert [path for path in (home / "cache" / "static").iterdir() if path.is_dir()] == []


def test_two_at_once_distil_it_once(model, distilled):
    # Locks are held by open files, so two threads stand for two processes.
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: static_model(model, "digest", 16), range(2))
    assert first == second
    assert len(distilled) == 1

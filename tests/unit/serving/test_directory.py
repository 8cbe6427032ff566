import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tasks.serving.directory import link_tree, server_settings, write_directory
from tasks.serving.params import ServingParams


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    model = tmp_path / "merged" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"max_position_embeddings": 1024}')
    (model / "model.safetensors").write_bytes(b"weights")
    return model.parent


def test_the_weights_are_linked_not_copied(tmp_path: Path, merged: Path) -> None:
    write_directory(merged, tmp_path / "out", ServingParams(), gpu=False)
    assert (tmp_path / "out" / "model" / "model.safetensors").samefile(merged / "model" / "model.safetensors")


def test_the_weights_are_copied_where_nothing_can_be_linked(
    tmp_path: Path, merged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_tree(merged / "model", tmp_path / "copy")
    assert (tmp_path / "copy" / "model.safetensors").read_bytes() == b"weights"


def test_the_settings_are_the_parameters(tmp_path: Path, merged: Path) -> None:
    params = ServingParams(model_name="mails", dtype="float16", max_model_len=512, enforce_eager=False)
    write_directory(merged, tmp_path / "out", params, gpu=False)
    assert yaml.safe_load((tmp_path / "out" / "vllm.yaml").read_text()) == {
        "model": "model",
        "served-model-name": ["mails"],
        "dtype": "float16",
        "max-model-len": 512,
        "enforce-eager": False,
    }


def test_the_context_never_exceeds_the_models() -> None:
    settings = server_settings({"max_position_embeddings": 256}, ServingParams(max_model_len=4096), gpu=False)
    assert settings["max-model-len"] == 256


def test_auto_computes_in_float32_unless_there_are_gpu_kernels() -> None:
    assert server_settings({}, ServingParams(), gpu=False)["dtype"] == "float32"
    assert server_settings({}, ServingParams(), gpu=True)["dtype"] == "auto"


def interpreter(path: Path) -> Path:
    """Write a stand-in interpreter that says how it was started."""
    path.parent.mkdir(parents=True)
    path.write_text(
        f'#!{sys.executable}\nimport os, sys\nprint(os.getcwd(), *sys.argv[1:], os.environ["HF_HUB_OFFLINE"])\n'
    )
    path.chmod(0o755)
    return path


def run(script: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name not in ("VLLM_PYTHON", "PORT")}
    return subprocess.run(
        [script, *arguments], capture_output=True, text=True, env={**clean, **environment}, check=False
    )


def test_serve_sh_starts_the_server_here_and_only_here(tmp_path: Path, merged: Path) -> None:
    out = tmp_path / "out"
    write_directory(merged, out, ServingParams(), gpu=False)
    python = interpreter(tmp_path / "elsewhere" / "python")
    done = run(out / "serve.sh", "--seed", "1", VLLM_PYTHON=str(python), PORT="4711")
    expected = "-m vllm.entrypoints.openai.api_server --config vllm.yaml --host 127.0.0.1 --port 4711 --seed 1 1"
    assert done.stdout.strip() == f"{out} {expected}"


def test_serve_sh_finds_the_environment_above_itself(tmp_path: Path, merged: Path) -> None:
    out = tmp_path / "a" / "b" / "out"
    write_directory(merged, out, ServingParams(), gpu=False)
    lost = run(out / "serve.sh")
    assert lost.returncode == 2
    assert "make vllm" in lost.stderr
    interpreter(tmp_path / "a" / ".venv-vllm" / "bin" / "python")
    assert "--port 8000" in run(out / "serve.sh").stdout

"""The serving proof on the real vLLM: a right model is proven, wrong servers are caught."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.demo.generate import HERE
from tasks.errors import ProofError
from tasks.merging.export import export_settings
from tasks.runtime.parent import run_child
from tasks.serving.card import card
from tasks.serving.directory import link_tree
from tasks.serving.environment import ABSENT, find_server
from tasks.serving.params import ServingParams
from tasks.store.records import read_json, write_rows

SERVER = find_server(ServingParams())
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.vllm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(SERVER.name == ABSENT, reason=f"{SERVER.why}: run `make vllm`"),
]

QUESTIONS = ("What is the capital of France?", "Name three colours.", "What is 2 + 2?")
PARAMS = ServingParams(prove="require", probes=4, max_new_tokens=24, start_timeout_s=600)


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a merging artefact's directory with the embedded base model as its model."""
    folder = tmp_path_factory.mktemp("embedded")
    base, model = folder / "base", folder / "model"
    run_child("tasks.base.child:main", {"out": str(base)}, folder / "work")
    model.mkdir()
    (model / "model.safetensors").hardlink_to(base / "model.safetensors")
    export_settings(base, base, model)
    return folder


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    rows: list[dict[str, Any]] = [
        {
            "id": f"q:{index}",
            "text": "",
            "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": ""}],
        }
        for index, question in enumerate(QUESTIONS)
    ]
    mail = json.loads((HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[0])
    write_rows(tmp_path / "heldout.jsonl", [*rows, {"id": "mail", "text": "", "messages": mail["messages"]}])
    return tmp_path


def serve(merged: Path, splits: Path, tmp_path: Path, params: ServingParams, python: str = SERVER.python) -> Path:
    out = tmp_path / "served"
    out.mkdir()
    payload = {
        "merged": str(merged),
        "splits": str(splits),
        "out": str(out),
        "log": str(tmp_path / "server.log"),
        "server": {"name": SERVER.name, "python": python},
        "params": params.model_dump(),
    }
    run_child("tasks.serving.child:main", payload, tmp_path / "work")
    return out


def left_behind(tmp_path: Path) -> list[str]:
    """Return the processes that work below a test's folder: the server and whatever it started."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                if (process / "cwd").readlink().is_relative_to(tmp_path):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


def test_the_real_server_proves_the_model(tmp_path: Path, merged: Path, splits: Path) -> None:
    out = serve(merged, splits, tmp_path, PARAMS)
    proof = read_json(out / "proof.json")
    assert proof["proven"] is True
    assert proof["server"] == SERVER.name
    assert proof["tokenize_equal"] is True
    assert [probe["equal"] for probe in proof["probes"]] == [True] * 4
    assert "Paris" in proof["probes"][0]["answered"]
    assert yaml.safe_load((out / "vllm.yaml").read_text())["dtype"] == "float32"
    assert "Proven on vllm" in card(out, None)  # type: ignore[arg-type]
    assert left_behind(tmp_path) == []


def slipping(tmp_path: Path, option: str) -> str:
    """Return an interpreter with which `serve.sh` starts the server with one option too many."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {SERVER.python} "$@" {option}\n')
    python.chmod(0o755)
    return str(python)


def test_other_weights_on_the_server_are_caught(tmp_path: Path, merged: Path, splits: Path) -> None:
    """The server loads a model that is nearly the proven one: one layer counts half."""
    from safetensors.torch import load_file, save_file

    link_tree(merged / "model", other := tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.layers.7.mlp.down_proj.weight"] = weights["model.layers.7.mlp.down_proj.weight"] / 2
    (other / "model.safetensors").unlink()
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ProofError, match="does not answer as the merged model does") as caught:
        serve(merged, splits, tmp_path, PARAMS, python=slipping(tmp_path, f"--model {other}"))
    assert "expected:" in str(caught.value)
    assert left_behind(tmp_path) == []


def test_another_template_on_the_server_is_caught(tmp_path: Path, merged: Path, splits: Path) -> None:
    """The server is given a chat template of its own: the classic slip of a deployment."""
    other = tmp_path / "other.jinja"
    other.write_text("{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant:")
    with pytest.raises(ProofError, match="renders probe q:0 as other tokens"):
        serve(merged, splits, tmp_path, PARAMS, python=slipping(tmp_path, f"--chat-template {other}"))
    assert left_behind(tmp_path) == []

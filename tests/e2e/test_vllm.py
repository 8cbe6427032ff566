"""The serving proof on the real vLLM: a right model is proven, wrong servers are caught."""

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.demo.generate import HERE
from tasks.errors import ProofError
from tasks.inference.environment import ABSENT, find_compressor, find_server
from tasks.merging.export import export_settings
from tasks.runtime.parent import run_child
from tasks.serving.card import card
from tasks.serving.compatibility import architectures
from tasks.serving.directory import link_tree
from tasks.serving.params import ServingParams
from tasks.store.records import read_json, read_rows, write_rows
from tests.tiny import write_tiny_model
from tests.unit.serving.training import write_training

SERVER, COMPRESSOR = find_server(), find_compressor()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.vllm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(SERVER.name == ABSENT, reason=f"{SERVER.why}: run `make vllm`"),
]

QUESTIONS = ("What is the capital of France?", "Name three colours.", "What is 2 + 2?")
PARAMS = ServingParams(prove="require", probes=4, max_new_tokens=16, start_timeout_s=600, smoke_requests=0)
# A slip shows in the first answers, or in none.
SLIP = PARAMS.model_copy(update={"probes": 2, "max_new_tokens": 12})


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a merging artefact's directory with the embedded base model as its model."""
    folder = tmp_path_factory.mktemp("embedded")
    base, model = folder / "base", folder / "model"
    run_child("tasks.base.child:main", {"out": str(base)}, folder / "work")
    model.mkdir()
    (model / "model.safetensors").hardlink_to(base / "model.safetensors")
    export_settings(base, base, model)
    return folder


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows: list[dict[str, Any]] = [
        {
            "id": f"q:{index}",
            "text": "",
            "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": ""}],
        }
        for index, question in enumerate(QUESTIONS)
    ]
    mail = json.loads((HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[0])
    folder = tmp_path_factory.mktemp("splits")
    write_rows(folder / "heldout.jsonl", [*rows, {"id": "mail", "text": "", "messages": mail["messages"]}])
    return folder


def serve(
    merged: Path,
    splits: Path,
    tmp_path: Path,
    params: ServingParams,
    python: str = SERVER.python,
    training: Path | None = None,
) -> Path:
    out = tmp_path / "served"
    out.mkdir()
    payload = {
        "merged": str(merged),
        "base": str(merged / "base"),
        "training": str(training or merged / "base"),
        "splits": str(splits),
        "out": str(out),
        "work": str(tmp_path),
        "server": {"name": SERVER.name, "python": python},
        "compressor": asdict(COMPRESSOR),
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


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, merged: Path, splits: Path) -> Path:
    """Return a directory whose two servers, of the model and of the base with an adapter, were proven."""
    folder = tmp_path_factory.mktemp("proven")
    training = write_training(merged / "base", folder / "training", rank=8, size=0.01)
    params = PARAMS.model_copy(update={"smoke_requests": 50, "targets": ("triton",), "lora": "prove"})
    out = serve(merged, splits, folder, params, training=training)
    assert left_behind(folder) == []
    return out


def check(proof: dict[str, Any]) -> None:
    """Check a proof: probes one by one, then fifty requests at once."""
    assert proof["proven"] is True
    assert proof["tokenize_equal"] is True
    assert [probe["equal"] for probe in proof["probes"]] == [True] * 4
    assert proof["smoke"]["requests"] == 50
    assert proof["smoke"]["equal"] > 40


def test_the_real_server_proves_the_model(served: Path) -> None:
    proof = read_json(served / "proof.json")
    check(proof)
    assert proof["server"] == SERVER.name
    assert "Paris" in proof["probes"][0]["answered"]
    assert yaml.safe_load((served / "vllm.yaml").read_text())["dtype"] == "float32"
    assert "Proven on vllm" in card(served, None)  # type: ignore[arg-type]
    speeds = read_json(served / "notes" / "smoke.json")
    assert all(speeds[name]["requests_per_s"] > 0 for name in ("server", "lora"))


def test_the_real_server_proves_an_adapter_beside_its_base(served: Path) -> None:
    proof = read_json(served / "proof.json")
    check(proof["lora"])
    assert [one["answered"] for one in proof["lora"]["probes"]] != [one["answered"] for one in proof["probes"]]


def test_the_server_takes_what_is_written_for_it(served: Path) -> None:
    """Triton's engine arguments are vLLM's, and so is the list of architectures that is checked before training."""
    ask = (
        "import json, sys; from vllm import AsyncEngineArgs; AsyncEngineArgs(**json.load(open(sys.argv[1]))); "
        "from vllm.model_executor.models.registry import ModelRegistry as r; print(*r.get_supported_archs())"
    )
    arguments = str(served / "triton" / PARAMS.model_name / "1" / "model.json")
    command = [SERVER.python, "-c", ask, arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, cwd=served)
    assert architectures() <= set(done.stdout.splitlines()[-1].split())


@pytest.mark.slow
def test_a_compiled_server_answers_rightly_or_is_not_proven(
    tmp_path: Path, merged: Path, splits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some builds of vLLM for CPUs compile a model that answers nonsense without any error."""
    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path / "compiled"))
    params = SLIP.model_copy(update={"enforce_eager": False})
    refused = ""
    try:
        serve(merged, splits, tmp_path, params)
    except ProofError as error:
        refused = str(error)
    if refused:
        assert "does not answer as the merged model does" in refused
    else:
        assert [probe["equal"] for probe in read_json(tmp_path / "served" / "proof.json")["probes"]] == [True] * 2
    assert left_behind(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(COMPRESSOR.name == ABSENT, reason=f"{COMPRESSOR.why}: run `make llmcompressor`")
def test_four_bits_of_the_real_compressor_are_proven_on_the_real_server(tmp_path: Path, splits: Path) -> None:
    """Heads are as wide as vLLM's CPU kernels want them; an untrained model's answers are all near ties."""
    folder = tmp_path / "merged"
    base = folder / "base"
    (tmp_path / "splits").mkdir()
    write_tiny_model(base, hidden_size=256)
    link_tree(base, folder / "model", lambda path: path.name not in ("config.json", "generation_config.json"))
    export_settings(base, base, folder / "model")
    write_rows(tmp_path / "splits" / "train.jsonl", read_rows(splits / "heldout.jsonl"))
    write_rows(tmp_path / "splits" / "heldout.jsonl", read_rows(splits / "heldout.jsonl"))
    changes = {"targets": ("awq",), "awq_rows": 4, "probes": 2, "max_new_tokens": 8, "min_equal_share": 0.5}
    out = serve(folder, tmp_path / "splits", tmp_path, PARAMS.model_copy(update=changes), training=base)
    said = read_json(out / "proof.json")["targets"]["awq"]
    assert (said["proven"], said["layers"], said["group_size"]) == (True, 14, 128)
    assert 0 < said["kl"] < 0.1
    assert len(said["probes"]) == 2
    assert (
        read_json(out / "awq" / "model" / "config.json")["quantization_config"]["quant_method"] == "compressed-tensors"
    )
    assert left_behind(tmp_path) == []


def slipping(tmp_path: Path, option: str) -> str:
    """Return an interpreter with which `serve.sh` starts the server with one option too many."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {SERVER.python} "$@" {option}\n')
    python.chmod(0o755)
    return str(python)


@pytest.mark.slow
def test_other_weights_on_the_server_are_caught(tmp_path: Path, merged: Path, splits: Path) -> None:
    """The server loads a model that is nearly the proven one: one layer counts half."""
    from safetensors.torch import load_file, save_file

    link_tree(merged / "model", other := tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.layers.7.mlp.down_proj.weight"] = weights["model.layers.7.mlp.down_proj.weight"] / 2
    (other / "model.safetensors").unlink()
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ProofError, match="does not answer as the merged model does") as caught:
        serve(merged, splits, tmp_path, SLIP, python=slipping(tmp_path, f"--model {other}"))
    assert "expected:" in str(caught.value)
    assert left_behind(tmp_path) == []


def test_another_generation_setting_on_the_server_is_caught(tmp_path: Path, merged: Path, splits: Path) -> None:
    """The server starts without a word, and answers sensibly: only the proof sees that it is not the model's answer."""
    option = "--override-generation-config '{\"repetition_penalty\": 1.8}'"
    with pytest.raises(ProofError, match="does not answer as the merged model does"):
        serve(merged, splits, tmp_path, SLIP, python=slipping(tmp_path, option))
    assert left_behind(tmp_path) == []


def test_another_template_on_the_server_is_caught(tmp_path: Path, merged: Path, splits: Path) -> None:
    """The server is given a chat template of its own: the classic slip of a deployment."""
    other = tmp_path / "other.jinja"
    other.write_text("{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant:")
    with pytest.raises(ProofError, match="renders probe q:0 as other tokens"):
        serve(merged, splits, tmp_path, SLIP, python=slipping(tmp_path, f"--chat-template {other}"))
    assert left_behind(tmp_path) == []

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.demo.generate import HERE
from tasks.errors import DataError, ProofError
from tasks.merging.export import export_settings
from tasks.runtime.parent import run_child
from tasks.serving.card import card
from tasks.serving.directory import link_tree
from tasks.serving.params import ServingParams
from tasks.store.records import read_json, write_rows
from tests.unit.serving.training import write_training

STAND_IN = Path(__file__).with_name("stand_in.py")
PARAMS = ServingParams(probes=2, max_new_tokens=6, smoke_requests=6)


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("merged")
    link_tree(tiny_model, folder / "model")
    (folder / "model" / "generation_config.json").unlink()
    (folder / "model" / "config.json").unlink()
    export_settings(tiny_model, tiny_model, folder / "model")
    return folder


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    lines = (HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    rows: list[dict[str, Any]] = [
        {"id": f"h:{index}", "text": "", **json.loads(line)} for index, line in enumerate(lines)
    ]
    rows.append({"id": "h:text", "messages": [], "text": "The vessel sails on Monday from Gdansk"})
    write_rows(tmp_path / "heldout.jsonl", [rows[0], rows[2]])
    return tmp_path


@pytest.fixture
def python(tmp_path: Path) -> str:
    """Return an interpreter that starts the stand-in whatever module it is asked for."""
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """Return a training artefact whose adapter says something."""
    return write_training(tiny_model, tmp_path_factory.mktemp("trained"))


def serve(
    merged: Path,
    splits: Path,
    tmp_path: Path,
    server: dict[str, str],
    params: ServingParams = PARAMS,
    training: Path | None = None,
) -> Path:
    out = tmp_path / "served"
    out.mkdir()
    payload = {
        "merged": str(merged),
        "base": str(merged / "model"),
        "training": str(training or merged / "model"),
        "splits": str(splits),
        "out": str(out),
        "work": str(tmp_path),
        "server": server,
        "compressor": {"name": "absent"},
        "params": params.model_dump(),
    }
    run_child("tasks.serving.child:main", payload, tmp_path / "work")
    return out


def test_without_a_server_the_directory_says_that_it_is_unproven(tmp_path: Path, merged: Path, splits: Path) -> None:
    out = serve(merged, splits, tmp_path, {"name": "absent", "why": "there is no vLLM environment"})
    proof = read_json(out / "proof.json")
    assert proof == {
        "proven": False,
        "server": "absent",
        "why": "there is no vLLM environment",
        "probes": [],
        "tokenize_equal": None,
        "smoke": None,
        "targets": {},
    }
    contract = read_json(out / "contract.json")
    assert (contract["stop_ids"], contract["stop_tokens"], contract["pad_id"]) == ([2], ["<|im_end|>"], 0)
    assert len(contract["probes"]) == 2
    for probe in contract["probes"]:
        hashes = probe["token_ids_sha256"]
        assert len(hashes["training"]) == 64
        assert (hashes["reloaded"], hashes["server"]) == (hashes["training"], None)
    text = card(out, None)  # type: ignore[arg-type]
    assert "Not proven on a server" in text
    assert "serve.sh" in text


def test_a_server_that_answers_as_the_model_does_is_proven(
    tmp_path: Path, merged: Path, splits: Path, python: str
) -> None:
    out = serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python})
    proof = read_json(out / "proof.json")
    assert (proof["proven"], proof["server"], proof["tokenize_equal"]) == (True, "stand-in 1", True)
    assert [probe["equal"] for probe in proof["probes"]] == [True, True]
    assert all(probe["expected"] == probe["answered"] for probe in proof["probes"])
    hashes = [probe["token_ids_sha256"] for probe in read_json(out / "contract.json")["probes"]]
    assert [one["server"] for one in hashes] == [one["training"] for one in hashes]
    assert proof["smoke"] == {"requests": 6, "equal": 6}
    notes = read_json(out / "notes" / "smoke.json")["server"]
    assert 0 < notes["latency_p50_s"] <= notes["latency_p95_s"]
    assert notes["tokens_per_s"] > 0
    text = card(out, None)  # type: ignore[arg-type]
    assert "Proven on stand-in 1" in text
    assert "6 requests at once" in text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("answer", "does not answer as the merged model does"),
        ("template", "renders probe h:0 as other tokens"),
        ("busy", "asked 6 requests at once, stand-in 1 answered 5 of them otherwise"),
        ("start", "head size that is not supported"),
    ],
)
def test_a_server_with_a_fault_is_caught(
    tmp_path: Path, merged: Path, splits: Path, python: str, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    monkeypatch.setenv("STAND_IN", fault)
    with pytest.raises(ProofError, match=said):
        serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python})


BESIDE = PARAMS.model_copy(update={"lora": "prove", "smoke_requests": 0})


@pytest.mark.timeout(300)
def test_the_adapter_is_proven_beside_its_base(
    tmp_path: Path, merged: Path, splits: Path, python: str, trained: Path
) -> None:
    out = serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python}, BESIDE, trained)
    settings = yaml.safe_load((out / "lora" / "vllm.yaml").read_text())
    assert settings["lora-modules"] == ["finetuned=adapter"]
    assert (settings["enable-lora"], settings["max-lora-rank"]) == (True, 8)
    assert settings["served-model-name"] == ["finetuned-base"]
    proof = read_json(out / "proof.json")
    assert [line["equal"] for line in proof["lora"]["probes"]] == [True, True]
    assert proof["lora"]["probes"] != proof["probes"], "the adapter changes nothing, so nothing was tested"
    assert "| lora | yes |" in card(out, None)  # type: ignore[arg-type]


@pytest.mark.timeout(300)
def test_targets_need_no_vllm(tmp_path: Path, merged: Path, splits: Path) -> None:
    params = PARAMS.model_copy(update={"targets": ("gguf", "transformers", "triton"), "smoke_requests": 2})
    out = serve(merged, splits, tmp_path, {"name": "absent", "why": "there is no vLLM environment"}, params)
    proof = read_json(out / "proof.json")
    assert not proof["proven"]
    found = {name: said["proven"] for name, said in proof["targets"].items()}
    assert found == {"gguf": True, "triton": False, "transformers": True}
    assert [line["equal"] for line in proof["targets"]["transformers"]["probes"]] == [True, True]
    assert proof["targets"]["transformers"]["smoke"] == {"requests": 2, "equal": 2}
    assert set(read_json(out / "notes" / "smoke.json")) == {"transformers"}
    text = card(out, None)  # type: ignore[arg-type]
    assert "| triton | no | its files were checked" in text
    assert "| gguf | yes | read back by transformers" in text


@pytest.mark.timeout(300)
def test_a_server_that_leaves_the_adapter_out_is_caught(
    tmp_path: Path, merged: Path, splits: Path, python: str, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "lora")
    with pytest.raises(ProofError, match="does not answer as"):
        serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python}, BESIDE, trained)


def test_no_requests_at_once_when_none_are_wanted(tmp_path: Path, merged: Path, splits: Path, python: str) -> None:
    params = PARAMS.model_copy(update={"smoke_requests": 0})
    out = serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python}, params)
    assert read_json(out / "proof.json")["smoke"] is None
    assert not (out / "notes").exists()


def test_probes_that_do_not_fit_the_context_are_refused(tmp_path: Path, merged: Path, splits: Path) -> None:
    short = PARAMS.model_copy(update={"max_model_len": 64, "max_new_tokens": 63})
    with pytest.raises(DataError, match=r"raise serving\.max_model_len"):
        serve(merged, splits, tmp_path, {"name": "absent"}, short)

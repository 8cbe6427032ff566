import json
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.generate import HERE
from tasks.errors import DataError, ProofError
from tasks.merging.export import export_settings
from tasks.runtime.parent import run_child
from tasks.serving.card import card
from tasks.serving.directory import link_tree
from tasks.serving.params import ServingParams
from tasks.store.records import read_json, write_rows

STAND_IN = Path(__file__).with_name("stand_in.py")
PARAMS = ServingParams(probes=2, max_new_tokens=6)


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


def serve(merged: Path, splits: Path, tmp_path: Path, server: dict[str, str], params: ServingParams = PARAMS) -> Path:
    out = tmp_path / "served"
    out.mkdir()
    payload = {
        "merged": str(merged),
        "splits": str(splits),
        "out": str(out),
        "log": str(tmp_path / "server.log"),
        "server": server,
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
    }
    contract = read_json(out / "contract.json")
    assert (contract["stop_ids"], contract["stop_tokens"], contract["pad_id"]) == ([2], ["<|im_end|>"], 0)
    assert len(contract["probes"]) == 2
    assert all(len(probe["token_ids_sha256"]) == 64 for probe in contract["probes"])
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
    assert "Proven on stand-in 1" in card(out, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("answer", "does not answer as the merged model does"),
        ("template", "renders probe h:0 as other tokens"),
        ("start", "head size that is not supported"),
    ],
)
def test_a_server_with_a_fault_is_caught(
    tmp_path: Path, merged: Path, splits: Path, python: str, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    monkeypatch.setenv("STAND_IN", fault)
    with pytest.raises(ProofError, match=said):
        serve(merged, splits, tmp_path, {"name": "stand-in 1", "python": python})


def test_probes_that_do_not_fit_the_context_are_refused(tmp_path: Path, merged: Path, splits: Path) -> None:
    short = PARAMS.model_copy(update={"max_model_len": 64, "max_new_tokens": 63})
    with pytest.raises(DataError, match=r"raise serving\.max_model_len"):
        serve(merged, splits, tmp_path, {"name": "absent"}, short)

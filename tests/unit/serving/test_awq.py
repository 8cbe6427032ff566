import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from deployments.demo.generate import HERE
from tasks.errors import ProofError
from tasks.inference.environment import ABSENT, Environment, Server
from tasks.merging.export import export_settings
from tasks.merging.probes import Probe
from tasks.serving.directory import link_tree
from tasks.serving.params import ServingParams
from tasks.serving.targets import Order, awq, write_targets
from tasks.serving.targets.awq import group_size, problems
from tasks.serving.targets.packed import unpacked
from tasks.store.records import write_rows
from tests.unit.serving.compressor import packed, quantised

STAND_IN = Path(__file__).with_name("compressor.py")
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
}


@pytest.fixture
def order(tmp_path: Path, tiny_model: Path) -> Callable[..., Order]:
    """Return a function that orders 4-bit weights of the tiny model from the stand-in."""
    out, splits, work = tmp_path / "served", tmp_path / "splits", tmp_path / "work"
    link_tree(tiny_model, out / "model", lambda path: path.name not in ("config.json", "generation_config.json"))
    export_settings(tiny_model, tiny_model, out / "model")
    lines = (HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[:4]
    splits.mkdir()
    work.mkdir()
    write_rows(
        splits / "train.jsonl", [{"id": str(at), "text": "", **json.loads(line)} for at, line in enumerate(lines)]
    )
    mail = json.loads(lines[3])["messages"]

    def make(*options: str, wait: Callable[[str], None] = lambda _text: None, **params: Any) -> Order:
        python = tmp_path / "python"
        environment = f"PYTHONPATH={os.pathsep.join(sys.path)}"
        python.write_text(f'#!/bin/sh\n{environment} exec {sys.executable} $1 {STAND_IN} {" ".join(options)} "$3"\n')
        python.chmod(0o755)

        def prove(*_asked: Any) -> Any:
            raise AssertionError("there is no server to ask")

        given = ServingParams.model_validate({"targets": ("awq",), "awq_rows": 3, "awq_max_kl": 0.05, **params})
        probes = [Probe("mail", mail[:-1], "", mail[-1]["content"])]
        absent, compressor = Server(ABSENT, why="no server here"), Environment("llmcompressor 0", str(python))
        return Order(out, splits, work, given, probes, [], absent, compressor, prove, lambda _text: None, wait)

    return make


def test_words_hold_eight_numbers_the_lowest_bits_first() -> None:
    assert packed(torch.tensor([[1, 2, 3, 4, 5, 6, 7, 15, 9]])).tolist() == [[0xF7654321 - (1 << 32), 9]]


def test_a_packed_weight_comes_back() -> None:
    """Levels 0 to 15 of two groups, zero points 0 and 8 and so on, scales 0.5 and 2: computed by hand."""
    levels = torch.arange(16).repeat(3, 1)
    zeros = torch.tensor([[0, 8], [1, 15], [15, 0]])
    tensors = {
        "up.weight_packed": packed(levels),
        "up.weight_scale": torch.tensor([[0.5, 2.0]] * 3),
        "up.weight_zero_point": packed(zeros.T).T.contiguous(),
        "up.weight_shape": torch.tensor([3, 16]),
        "norm.weight": torch.ones(4, dtype=torch.bfloat16),
    }
    found = dict(unpacked(tensors))
    assert set(found) == {"up.weight", "norm.weight"}
    assert found["up.weight"].tolist() == [
        [(level - zeros[row][level // 8].item()) * (0.5 if level < 8 else 2.0) for level in range(16)]
        for row in range(3)
    ]
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}


def test_a_rounded_weight_is_within_half_a_step() -> None:
    torch.manual_seed(0)
    weight = torch.randn(24, 128)
    tensors = quantised("w.weight", weight, 64)
    back = dict(unpacked(tensors))["w.weight"]
    step = tensors["w.weight_scale"].repeat_interleave(64, 1)
    assert ((back - weight).abs() <= 0.5001 * step + 1e-6).float().mean() > 0.99


def test_a_weight_without_zero_points_is_no_weight() -> None:
    tensors = quantised("w.weight", torch.randn(8, 64), 64)
    del tensors["w.weight_zero_point"]
    with pytest.raises(ProofError, match="w has no"):
        dict(unpacked(tensors))


def test_four_bits_are_written_and_measured(order: Callable[..., Order]) -> None:
    made = order()
    said = write_targets(made)["awq"]
    assert said["proven"] is False
    assert said["why"].startswith("no server here; KL ")
    assert 0 < said["kl"] < 0.05
    assert (said["layers"], said["group_size"], said["calibration_rows"]) == (14, 64, 3)
    names = {path.name for path in (made.out / "awq" / "model").iterdir()}
    assert names == {path.name for path in (made.out / "model").iterdir()}
    served = made.out / "awq"
    assert (served / "model" / "tokenizer.json").read_bytes() == (made.out / "model" / "tokenizer.json").read_bytes()
    assert "quantization_config" in (served / "model" / "config.json").read_text()
    assert "dtype: bfloat16" in (served / "vllm.yaml").read_text()
    asked = json.loads((made.work / "awq.json").read_text())
    assert [len(row) > 50 for row in asked["rows"]] == [True] * 3
    assert not (made.work / "awq-unpacked").exists()


def test_weights_that_are_too_far_away_are_refused(order: Callable[..., Order]) -> None:
    with pytest.raises(ProofError, match=r"more than serving\.awq_max_kl = 1e-06.*awq_rows"):
        write_targets(order("--coarse", awq_max_kl=1e-6))


def test_a_compressor_that_fails_says_where_to_read(order: Callable[..., Order]) -> None:
    with pytest.raises(ProofError, match=r"(?s)ended with code 1.*awq\.log.*no such device"):
        write_targets(order("--fail"))


def test_a_stop_ends_the_compressor(
    order: Callable[..., Order], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(awq, "REPORT_EVERY_S", 0.1)
    with pytest.raises(KeyboardInterrupt):
        write_targets(order(wait=stop))
    time.sleep(0.5)
    assert not [command for command in commands() if STAND_IN.name in command and str(tmp_path) in command]


def commands() -> Iterator[str]:
    """Yield the command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_text()
        except OSError:
            continue


@pytest.mark.parametrize(("hidden", "size"), [(576, 64), (4096, 128), (96, 32)])
def test_the_largest_group_that_divides_all_inputs_is_taken(hidden: int, size: int) -> None:
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    assert group_size(CONFIG | heads | {"hidden_size": hidden}) == size


def test_what_has_no_kernel_is_named() -> None:
    assert problems(CONFIG) == []
    assert "GemmaForCausalLM" in problems(CONFIG | {"architectures": ["GemmaForCausalLM"]})[0]
    assert problems(CONFIG | {"intermediate_size": 1000}) == ["its intermediate_size of 1000 is no multiple of 32"]

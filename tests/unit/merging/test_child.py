import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError, ProofError
from tasks.merging.adapter import read_adapter
from tasks.merging.card import card
from tasks.merging.child import main
from tasks.merging.export import stop_token
from tasks.merging.params import MergingParams
from tasks.merging.parity import Proof, check_parity
from tasks.merging.probes import choose_probes
from tasks.merging.weights import merge_weights
from tasks.runtime.child import Events, StopFlag
from tasks.runtime.parent import run_child
from tasks.store.records import read_json

# peft 0.21 asks transformers 5.23 under a name it is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

PARAMS = MergingParams(probes=3, greedy_tokens=6)


class Quiet(StopFlag):
    """A stop flag that leaves the test process's signals alone."""

    def __init__(self) -> None:
        self.set = False


class Silent(Events):
    """Events that nobody hears."""

    def __init__(self) -> None:
        pass

    def send(self, event: str, **fields: Any) -> None:
        pass


def payload_for(base: Path, training: Path, splits: Path, tmp_path: Path, params: MergingParams) -> dict[str, Any]:
    out = tmp_path / "merged"
    out.mkdir()
    return {
        "model": str(base),
        "training": str(training),
        "splits": str(splits),
        "out": str(out),
        "scratch": str(tmp_path / "scratch"),
        "params": params.model_dump(),
    }


def merge(base: Path, training: Path, splits: Path, tmp_path: Path, params: MergingParams = PARAMS) -> Path:
    """Do the child's work in this process: a process of its own costs seconds of imports."""
    payload = payload_for(base, training, splits, tmp_path, params)
    main(payload, Silent(), Quiet())
    return Path(payload["out"])


def in_memory_merge(base: Path, adapter: Path) -> dict[str, Any]:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    return {name: tensor.to(torch.bfloat16) for name, tensor in merged.state_dict().items()}


@pytest.mark.parametrize("rslora", [False, True])
def test_the_merge_is_bit_for_bit_a_float32_merge_rounded_once(
    tmp_path: Path, tiny_model: Path, make_training: Any, rslora: bool
) -> None:
    from safetensors.torch import load_file

    training = make_training(use_rslora=rslora, alpha_pattern={"v_proj": 16})
    out = tmp_path / "out"
    out.mkdir()
    done = merge_weights(tiny_model, read_adapter(training / "adapter", "lora"), out)
    found, base = load_file(out / "model.safetensors"), load_file(tiny_model / "model.safetensors")
    expected = in_memory_merge(tiny_model, training / "adapter")
    assert done.dtype == "bfloat16"
    assert found.keys() == base.keys()
    assert all(bool((found[name] == expected[name]).all()) for name in found)
    changed = {name for name in found if not bool((found[name] == base[name]).all())}
    assert len(changed) == 6  # three targets in two layers; norms and tied embeddings stay as they are
    assert done.delta.elements == sum(base[name].numel() for name in changed)


def test_a_merge_is_proven_written_whole_and_shown(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    events: list[str] = []
    payload = payload_for(tiny_model, make_training(), splits, tmp_path, PARAMS)
    counts = run_child(
        "tasks.merging.child:main",
        payload,
        tmp_path / "work",
        on_progress=lambda event: events.append(event["message"]),
    )
    out = tmp_path / "merged"
    said = read_json(out / "parity.json")
    assert counts == {"probes": 3, "tensors": 6, "warnings": 0}
    assert any("probe 1 of 3" in event for event in events)
    merged = [event for event in events if event.startswith("merged ") and "tensors" in event]
    assert merged
    assert len(merged) == len(set(merged)), "progress is told once"
    assert said["passed"] is True
    assert said["probes"] == 3
    assert said["quantisation_gap"] is None
    assert said["evaluated_gap"] is None
    assert said["reference"] == "16-bit base + adapter"
    assert said["task_score_equal"] == 1.0
    assert said["task_score"]["reference"] == said["task_score"]["merged"]
    assert said["untied"] is False
    assert 0 < said["mean_logit_difference"] < said["adapter_effect"]["mean_logit_difference"]
    assert said["delta"]["changed_share"] > 0.5
    assert said["delta"]["relative_norm"] == pytest.approx(said["delta"]["intended_norm"], rel=0.05)
    names = {path.name for path in (out / "model").iterdir()}
    assert {
        "model.safetensors",
        "config.json",
        "generation_config.json",
        "chat_template.jinja",
        "tokenizer.json",
    } <= names
    assert not any(name.endswith((".bin", ".pt", ".pth")) for name in names)
    generation = json.loads((out / "model" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == [2]
    assert generation["pad_token_id"] == 0
    text = card(out, None)  # type: ignore[arg-type]
    assert "equal within the limits" in text
    assert "KL divergence" in text


def test_the_gap_to_the_quantised_base_is_measured_for_qlora(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    out = merge(tiny_model, make_training(quantised=True), splits, tmp_path)
    said = read_json(out / "parity.json")
    assert said["quantisation_gap"]["mean_logit_difference"] > said["mean_logit_difference"]
    assert "no limit holds it" in card(out, None)  # type: ignore[arg-type]


def test_a_merge_into_the_dequantised_base_closes_the_gap_and_is_held_to_it(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    training = make_training(quantised=True)
    for name in ("16-bit", "dequantised"):
        (tmp_path / name).mkdir()
        merge(tiny_model, training, splits, tmp_path / name, PARAMS.model_copy(update={"base": name}))
    before, after = (read_json(tmp_path / name / "merged" / "parity.json") for name in ("16-bit", "dequantised"))
    assert after["reference"] == "NF4 base + adapter"
    assert after["mean_logit_difference"] == after["quantisation_gap"]["mean_logit_difference"]
    assert after["mean_logit_difference"] < before["quantisation_gap"]["mean_logit_difference"] / 10
    assert after["evaluated_gap"]["mean_logit_difference"] > 10 * after["mean_logit_difference"]
    assert after["passed"] is True
    assert "evaluation scored" in card(tmp_path / "dequantised" / "merged", None)  # type: ignore[arg-type]


def test_a_dequantised_base_needs_a_quantised_training(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    with pytest.raises(ConfigError, match="no 4-bit weights to read back"):
        merge(tiny_model, make_training(), splits, tmp_path, PARAMS.model_copy(update={"base": "dequantised"}))


def test_large_files_are_split_and_a_weak_adapter_is_warned_of(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    weak = PARAMS.model_copy(update={"max_shard_size": 0.0001, "max_relative_difference": 1e9})
    out = merge(tiny_model, make_training(spread=1e-4), splits, tmp_path, weak)
    said = read_json(out / "parity.json")
    assert said["files"] > 1
    assert len(list((out / "model").glob("*.safetensors"))) == said["files"]
    assert (out / "model" / "model.safetensors.index.json").is_file()
    assert 0.2 < said["delta"]["lost_share"] < 1
    assert "near no-op" in said["warnings"][0]
    assert "Warning: near no-op" in card(out, None)  # type: ignore[arg-type]


def test_an_untrained_adapter_is_caught(tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any) -> None:
    with pytest.raises(ProofError, match="changed no weight"):
        merge(tiny_model, make_training(spread=0.0), splits, tmp_path)


def test_a_change_below_the_rounding_of_the_weights_is_caught(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    with pytest.raises(ProofError, match=r"changed no weight|relative_difference.*missed"):
        merge(tiny_model, make_training(spread=1e-7), splits, tmp_path)


def test_a_limit_that_is_missed_stops_with_all_figures(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    tight = PARAMS.model_copy(update={"max_logit_difference": 1e-9})
    with pytest.raises(ProofError, match=r"max_logit_difference: .* <- missed"):
        merge(tiny_model, make_training(), splits, tmp_path, tight)


@pytest.mark.parametrize("spread", [0.01, 0.2])
def test_a_wrong_scale_is_caught(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any, spread: float
) -> None:
    training = make_training(spread)
    out = merge(tiny_model, training, splits, tmp_path)
    wrong = tmp_path / "wrong"
    shutil.copytree(training / "adapter", wrong)
    config = json.loads((wrong / "adapter_config.json").read_text())
    (wrong / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 16}))
    merge_weights(tiny_model, read_adapter(wrong, "lora"), out / "model")
    proof = Proof(tiny_model, training, choose_probes(splits, 3), PARAMS, tmp_path / "again")
    figures = proof.measure(out / "model", "bfloat16")
    with pytest.raises(ProofError, match="does not answer as base"):
        check_parity(figures)


def test_probes_and_answer_length_are_parameters(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    training = make_training()
    out = merge(tiny_model, training, splits, tmp_path)
    short = Proof(tiny_model, training, choose_probes(splits, 1), MergingParams(greedy_tokens=1), tmp_path / "a")
    long = Proof(tiny_model, training, choose_probes(splits, 1), MergingParams(greedy_tokens=9), tmp_path / "b")
    assert short.measure(out / "model", "bfloat16")["probes"] == 1
    long.measure(out / "model", "bfloat16")
    assert len(long.answers[0]) > len(short.answers[0])


def test_an_adapter_of_another_base_is_refused(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    from tests.tiny import write_tiny_model

    other = write_tiny_model(tmp_path / "other", layers=1)
    with pytest.raises(ConfigError, match="trained on another base"):
        merge(other, make_training(), splits, tmp_path)


def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, tiny_model: Path, splits: Path, make_training: Any
) -> None:
    training = make_training()
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        out = merge(tiny_model, training, splits, tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]


def test_the_end_of_turn_is_found_in_the_template(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert tokenizer.convert_ids_to_tokens(stop_token(tokenizer)) == "<|im_end|>"
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] + ' ' }}{% endfor %}"
    with pytest.raises(ConfigError, match="no special token behind an answer"):
        stop_token(tokenizer)

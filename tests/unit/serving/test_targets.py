import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from deployments.demo.generate import HERE
from tasks.errors import ConfigError, ProofError
from tasks.merging.export import export_settings
from tasks.merging.probes import Probe
from tasks.serving.directory import link_tree
from tasks.serving.params import ServingParams
from tasks.serving.targets import gguf_weights
from tasks.serving.targets.gguf import write_gguf
from tasks.serving.targets.gguf_vocabulary import _REGEXES, read_vocabulary
from tasks.serving.targets.transformers import write_folder
from tasks.serving.targets.triton import check_repository, write_triton


@pytest.fixture
def served(tmp_path: Path, tiny_model: Path) -> Path:
    """Return a served directory with its `model/`."""
    link_tree(tiny_model, tmp_path / "model", lambda path: path.name not in ("config.json", "generation_config.json"))
    export_settings(tiny_model, tiny_model, tmp_path / "model")
    return tmp_path


@pytest.fixture
def probes() -> list[Probe]:
    mail = json.loads((HERE / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()[0])["messages"]
    return [Probe("mail", mail[:-1], "", mail[-1]["content"]), Probe("text", [], "The vessel sails", " on Monday")]


def ignore(_text: str) -> None:
    pass


def test_a_gguf_file_is_the_model_again(served: Path, probes: list[Probe]) -> None:
    seen: list[str] = []
    said = write_gguf(served, "mails/v1", probes, seen.append)
    assert said["file"] == "mails--v1.gguf"
    assert said["proven"]
    assert said["max_logit_difference"] < 1e-4
    assert said["min_top1_agreement"] == 1
    assert said["prompt_tokens_equal"] > 20
    assert len(seen) == 2


def test_a_gguf_file_says_what_llama_cpp_needs(served: Path, probes: list[Probe]) -> None:
    from gguf import GGUFReader

    write_gguf(served, "mails", probes, ignore)
    read = GGUFReader(served / "gguf" / "mails.gguf")
    said = {name: field.contents() for name, field in read.fields.items() if len(field.data) < 10}
    assert said["general.architecture"] == "llama"
    assert (said["tokenizer.ggml.model"], said["tokenizer.ggml.pre"]) == ("gpt2", "gpt-2")
    assert (said["tokenizer.ggml.eos_token_id"], said["tokenizer.ggml.padding_token_id"]) == (2, 0)
    assert said["tokenizer.ggml.add_bos_token"] is False
    assert said["tokenizer.chat_template"] == (served / "model" / "chat_template.jinja").read_text()
    kinds = {tensor.name: tensor.tensor_type.name for tensor in read.tensors}
    assert (kinds["token_embd.weight"], kinds["output_norm.weight"]) == ("BF16", "F32")
    types = read.fields["tokenizer.ggml.token_type"].contents()
    assert types[:4] == [3, 3, 3, 1]


def test_rows_in_the_wrong_order_are_caught(served: Path, probes: list[Probe], monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file, save_file

    # A fresh model hardly looks at what its rows say: attention must matter for their order to be seen.
    path = served / "model" / "model.safetensors"
    weights = load_file(path)
    path.unlink()
    loud = {name: value * (30 if "q_proj" in name or "k_proj" in name else 1) for name, value in weights.items()}
    save_file(loud, path, metadata={"format": "pt"})
    monkeypatch.setattr(gguf_weights, "_pairs", lambda tensor, _heads: tensor)
    with pytest.raises(ProofError, match="another model than model/"):
        write_gguf(served, "mails", probes, ignore)


def test_a_qwen2_is_written_too(served: Path, probes: list[Probe]) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    old = json.loads((served / "model" / "config.json").read_text())
    kept = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    shape = {name: old[name] for name in (*kept, "num_key_value_heads", "max_position_embeddings")}
    qwen = Qwen2ForCausalLM(Qwen2Config(**shape, tie_word_embeddings=False))
    # Fresh biases are zero, and would hide that they were lost.
    for name, parameter in qwen.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter)
    generation = (served / "model" / "generation_config.json").read_text()
    _split_as_qwen2(served / "model" / "tokenizer.json")
    for name in ("model.safetensors", "config.json", "generation_config.json"):
        (served / "model" / name).unlink()
    qwen.save_pretrained(served / "model")
    (served / "model" / "generation_config.json").write_text(generation)
    said = write_gguf(served, "mails", probes, ignore)
    assert said["max_logit_difference"] < 1e-3


def _split_as_qwen2(path: Path) -> None:
    regex = next(regex for regex, name in _REGEXES.items() if name == "qwen2")
    content = json.loads(path.read_text())
    split = {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, level]}
    path.unlink()
    path.write_text(json.dumps(content))
    assert read_vocabulary(path.parent, 600).pre == "qwen2"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architectures": ["GemmaForCausalLM"]}, "architecture is GemmaForCausalLM"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, r"scaled \(yarn\)"),
        ({"attention_bias": True}, "attention_bias"),
    ],
)
def test_what_gguf_would_lose_is_refused(served: Path, changes: dict[str, Any], said: str) -> None:
    path = served / "model" / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.unlink()
    path.write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=said):
        gguf_weights.write_weights(served / "model", served / "x.gguf", "x", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said["model"].update(byte_fallback=True), "byte fallback"),
        (lambda said: said["model"].update(type="Unigram"), "not Unigram"),
        (lambda said: said.update(pre_tokenizer={"type": "Whitespace"}), "no name for the way"),
    ],
)
def test_a_tokenizer_that_gguf_cannot_hold_is_refused(served: Path, change: Any, said: str) -> None:
    path = served / "model" / "tokenizer.json"
    content = json.loads(path.read_text())
    change(content)
    path.unlink()
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=said):
        read_vocabulary(served / "model", 600)


def test_the_vocabulary_is_filled_up_to_the_embedding_and_never_beyond(served: Path) -> None:
    known = len(json.loads((served / "model" / "tokenizer.json").read_text())["model"]["vocab"])
    vocabulary = read_vocabulary(served / "model", known + 2)
    assert vocabulary.tokens[-2:] == [f"[PAD{known}]", f"[PAD{known + 1}]"]
    assert vocabulary.types[-1] == 5
    with pytest.raises(ConfigError, match="no row in the model's embedding"):
        read_vocabulary(served / "model", 100)


def test_a_triton_repository_reads_back(served: Path) -> None:
    params = ServingParams(model_name="mails/v1", dtype="float32", max_model_len=256)
    said = write_triton(served, params)
    assert (said["proven"], said["model"]) == (False, "mails--v1")
    assert check_repository(served / "triton", served) == ["mails--v1"]
    assert json.loads((served / "triton" / "mails--v1" / "1" / "model.json").read_text()) == {
        "model": "model",
        "served_model_name": ["mails/v1"],
        "dtype": "float32",
        "max_model_len": 256,
        "enforce_eager": True,
        "trust_remote_code": False,
    }
    assert (served / "triton" / "serve.sh").stat().st_mode & 0o100


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('backend: "vllm"', 'backend: "onnxruntime"', "backend is 'onnxruntime'"),
        ("decoupled: true", "decoupled: false", "not decoupled"),
        ("KIND_MODEL", "KIND_CPU", "KIND_MODEL"),
        ('name: "m"', 'name: "n"', "its folder's 'm'"),
        ("backend:", "nothing:", "could not read"),
    ],
)
def test_a_slip_in_a_triton_repository_is_caught(served: Path, old: str, new: str, said: str) -> None:
    write_triton(served, ServingParams(model_name="m"))
    path = served / "triton" / "m" / "config.pbtxt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ProofError, match=said):
        check_repository(served / "triton", served)


def test_a_triton_repository_without_its_model_is_caught(served: Path) -> None:
    write_triton(served, ServingParams(model_name="m"))
    shutil.rmtree(served / "model")
    with pytest.raises(ProofError, match="no model folder"):
        check_repository(served / "triton", served)
    shutil.rmtree(served / "triton" / "m")
    with pytest.raises(ProofError, match="holds no model"):
        check_repository(served / "triton", served)


# PEFT asks transformers for a property under its old name.
old_name = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


@pytest.fixture
def prefix(served: Path) -> Iterator[tuple[Any, Any]]:
    """Return a client of the transformers server with a prefix-tuning adapter, and the adapted model itself."""
    import yaml
    from fastapi.testclient import TestClient
    from peft import PrefixTuningConfig, TaskType, get_peft_model
    from transformers import AutoModelForCausalLM

    from tasks.serving.targets.openai_server import Model, application

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(served / "model", dtype=torch.float32)
    adapted = get_peft_model(base, PrefixTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=4))
    torch.nn.init.normal_(adapted.prompt_encoder["default"].embedding.weight, std=3)
    adapted.save_pretrained(served / "trained")
    folder = write_folder(
        served / "prefix", ServingParams(model_name="m"), model="../model", context=64, adapter=served / "trained"
    )
    settings = yaml.safe_load((folder / "settings.yaml").read_text())
    with TestClient(application(Model(folder, settings))) as client:
        yield client, adapted.eval()


@old_name
def test_the_transformers_server_answers_with_adapters_that_vllm_refuses(prefix: tuple[Any, Any]) -> None:
    client, adapted = prefix
    ids = [1, 40, 50, 60]
    body = {"model": "m", "temperature": 0, "max_tokens": 5, "prompt": ids, "logprobs": 0}
    said = client.post("/v1/completions", json={**body, "return_tokens_as_token_ids": True}).json()["choices"][0]
    answer = [int(token.removeprefix("token_id:")) for token in said["logprobs"]["tokens"]]
    with torch.inference_mode():
        scores = adapted(input_ids=torch.tensor([ids + answer[:-1]])).logits[0, len(ids) - 1 :].log_softmax(-1)
        plain = adapted.get_base_model()(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    assert scores.argmax(-1).tolist() == answer
    assert said["logprobs"]["token_logprobs"] == pytest.approx(scores.max(-1).values.tolist(), abs=1e-4)
    assert (scores[0] - plain).abs().max() > 0.01, "the prefix changes nothing, so nothing was tested"


@old_name
@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("/v1/completions", {"temperature": 0.7}, 422),
        ("/v1/completions", {"best_of": 2}, 422),
        ("/v1/completions", {"model": "other"}, 404),
        ("/v1/completions", {"prompt": [1] * 64}, 400),
        ("/tokenize", {"temperature": 0}, 422),
    ],
)
def test_the_transformers_server_refuses_what_it_would_not_do(
    prefix: tuple[Any, Any], path: str, changes: dict[str, Any], status: int
) -> None:
    body = {"model": "m", "prompt": "a text", **({"temperature": 0, "max_tokens": 2} if "comp" in path else {})}
    assert prefix[0].post(path, json=body).status_code == 200
    assert prefix[0].post(path, json={**body, **changes}).status_code == status

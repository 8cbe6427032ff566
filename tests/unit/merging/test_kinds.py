"""Each kind of adapter against PEFT's own forward pass with the adapter on, through the files that are written."""

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.merging.adapter import read_adapter
from tasks.merging.export import export_settings
from tasks.merging.weights import Merge, merge_weights
from tests.unit.merging.models import adapted, write_adapter, write_gpt2

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    # PEFT says what it does about Conv1D, tied and stored embeddings; that it is right is what these tests show.
    pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to"),
    pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`"),
    pytest.mark.filterwarnings("ignore:You have requested `ensure_weight_tying`, but no tied modules"),
    pytest.mark.filterwarnings("ignore:Found missing adapter keys|Some weights|.*unexpected keys"),
    pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`"),
    pytest.mark.filterwarnings("ignore:Adapter 'default'. .* LoRA tensor.s. have invalid shape"),
    pytest.mark.filterwarnings("ignore:Model with `tie_word_embeddings=True`"),
]


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return write_gpt2(tmp_path_factory.mktemp("gpt2"), tiny_model)


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, gpt2: Path) -> dict[str, Path]:
    """The tiny models with float32 weights: nothing is rounded, so a merge must give PEFT's logits to the last bits."""
    import shutil

    import torch
    from transformers import AutoModelForCausalLM

    found = {}
    for name, folder in (("llama", tiny_model), ("gpt2", gpt2)):
        found[name] = tmp_path_factory.mktemp(f"wide-{name}")
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).save_pretrained(found[name])
        for path in folder.iterdir():
            if not (found[name] / path.name).exists():
                shutil.copyfile(path, found[name] / path.name)
    return found


def logits_of(model: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(input_ids=torch.arange(3, 43)[None]).logits[0]


def merge(base: Path, adapter: Path, tmp_path: Path) -> tuple[Merge, Any]:
    """Merge, read the result back as any user would, and return its logits."""
    import torch
    from transformers import AutoModelForCausalLM

    out = tmp_path / "merged"
    out.mkdir()
    done = merge_weights(base, read_adapter(adapter, "lora"), out)
    export_settings(base, base, out, untied=done.untied)
    return done, logits_of(AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval())


LINEAR = ["q_proj", "down_proj"]
KINDS = [
    ("llama", "plain LoRA", {"target_modules": LINEAR}, False),
    ("llama", "rank-stabilised", {"target_modules": LINEAR, "use_rslora": True}, False),
    (
        "llama",
        "patterns of rank and alpha",
        {
            "target_modules": LINEAR,
            "rank_pattern": {"down_proj": 2},
            "alpha_pattern": {"layers.1.self_attn.q_proj": 32},
        },
        False,
    ),
    ("llama", "DoRA", {"target_modules": LINEAR, "use_dora": True}, False),
    ("llama", "rank-stabilised DoRA", {"target_modules": LINEAR, "use_dora": True, "use_rslora": True}, False),
    ("llama", "norms trained whole", {"target_modules": LINEAR, "modules_to_save": ["input_layernorm"]}, False),
    ("llama", "output layer trained whole", {"target_modules": LINEAR, "modules_to_save": ["lm_head"]}, True),
    ("llama", "embeddings trained whole", {"target_modules": LINEAR, "modules_to_save": ["embed_tokens"]}, True),
    (
        "llama",
        "both trained as one",
        {"target_modules": LINEAR, "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
        False,
    ),
    ("llama", "LoRA on embeddings", {"target_modules": ["embed_tokens", "q_proj"]}, True),
    ("llama", "LoRA on the output layer", {"target_modules": ["lm_head", "q_proj"]}, True),
    ("llama", "LoRA on both", {"target_modules": ["embed_tokens", "lm_head"]}, True),
    ("llama", "LoRA on both as one", {"target_modules": ["embed_tokens"], "ensure_weight_tying": True}, False),
    ("llama", "DoRA on embeddings", {"target_modules": ["embed_tokens", "q_proj"], "use_dora": True}, True),
    ("gpt2", "Conv1D", {"target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}, False),
    ("gpt2", "Conv1D, DoRA", {"target_modules": ["c_attn", "c_fc"], "use_dora": True}, False),
    ("gpt2", "all biases", {"target_modules": ["c_attn"], "bias": "all"}, False),
    ("gpt2", "biases of adapted layers", {"target_modules": ["c_attn"], "bias": "lora_only"}, False),
    ("gpt2", "biases beside LoRA's B", {"target_modules": ["c_attn"], "lora_bias": True, "use_rslora": True}, False),
    ("gpt2", "both kinds of bias", {"target_modules": ["c_attn"], "lora_bias": True, "bias": "all"}, False),
    ("gpt2", "position embeddings", {"target_modules": ["wpe", "c_attn"]}, False),
]


def peft_merge(base: Path, adapter: Path, *, part: bool) -> dict[str, Any]:
    """Merge in memory with PEFT in float32. It merges into shared weights twice, so they are parted first."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if part:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
        model.config.tie_word_embeddings = False
    merged: dict[str, Any] = PeftModel.from_pretrained(model, adapter).merge_and_unload().state_dict()
    return merged


@pytest.mark.parametrize(("family", "kind", "settings", "untied"), KINDS, ids=[f"{one[0]}: {one[1]}" for one in KINDS])
def test_a_merged_model_answers_as_peft_does(
    tmp_path: Path, wide: dict[str, Path], family: str, kind: str, settings: dict[str, Any], untied: bool
) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    base = wide[family]
    adapter = write_adapter(base, tmp_path / "adapter", **settings)
    expected = logits_of(adapted(base, adapter))
    done, found = merge(base, adapter, tmp_path)
    plain = logits_of(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32))
    assert float((plain - expected).abs().max()) > 0.01, f"{kind}: the adapter does nothing"
    assert float((found - expected).abs().max()) < 2e-5
    assert done.untied is untied
    assert done.dtype == "float32"
    assert done.delta.figures()["unchanged_tensors"] == 0
    # PEFT merges a change of shared weights once for each of their names: part them, or it counts twice.
    twice = "embed_tokens" in settings["target_modules"] and family == "llama"
    reference = peft_merge(base, adapter, part=untied or twice)
    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    assert ("lm_head.weight" in tensors) is untied
    assert [name for name in tensors if not torch.equal(tensors[name], reference[name])] == []


def test_a_base_published_without_its_output_layer_is_understood(tmp_path: Path, wide: dict[str, Path]) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    bare = shutil.copytree(wide["gpt2"], tmp_path / "bare")
    tensors = {
        name.removeprefix("transformer."): value for name, value in load_file(bare / "model.safetensors").items()
    }
    save_file(tensors, bare / "model.safetensors", metadata={"format": "pt"})
    adapter = write_adapter(wide["gpt2"], tmp_path / "adapter", target_modules=["c_attn"], modules_to_save=["lm_head"])
    done, found = merge(bare, adapter, tmp_path)
    assert float((found - logits_of(adapted(wide["gpt2"], adapter))).abs().max()) < 2e-5
    assert done.untied is True


def test_a_bias_without_a_place_in_the_base_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.warns(match="has no bias"):
        adapter = write_adapter(tiny_model, tmp_path / "adapter", target_modules=["q_proj"], lora_bias=True)
    with pytest.raises(ConfigError, match=r"has no place for it\. Train without lora_bias"):
        merge(tiny_model, adapter, tmp_path)


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    from tests.tiny import write_tiny_model

    other = write_tiny_model(tmp_path / "other", vocab_size=500)
    for name, settings in (("saved", {"modules_to_save": ["lm_head"]}), ("lora", {})):
        targets = ["q_proj"] if settings else ["embed_tokens"]
        adapter = write_adapter(other, tmp_path / name, target_modules=targets, **settings)
        with pytest.raises(ConfigError, match="another size"):
            merge_weights(tiny_model, read_adapter(adapter, "lora"), tmp_path)


def test_embeddings_of_another_base_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    adapter = write_adapter(tiny_model, tmp_path / "adapter", target_modules=["embed_tokens"])
    other = shutil.copytree(tiny_model, tmp_path / "other")
    tensors = load_file(other / "model.safetensors")
    tensors["model.embed_tokens.weight"][5, 5] += 1
    save_file(tensors, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match="differs from the base model's"):
        merge_weights(other, read_adapter(adapter, "lora"), tmp_path)

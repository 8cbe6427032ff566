from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.serving.compatibility import adapter_problems, architectures, check_adapter, check_servable, rank_limit
from tasks.serving.params import ServingParams
from tasks.training.params import TrainingParams

LLAMA: dict[str, Any] = {"architectures": ["LlamaForCausalLM"]}


@pytest.mark.parametrize(("rank", "limit"), [(1, 1), (2, 8), (8, 8), (9, 16), (257, 320), (512, 512)])
def test_the_smallest_slot_that_holds_a_rank_is_taken(rank: int, limit: int) -> None:
    assert rank_limit(rank) == limit


def test_a_rank_beyond_every_slot_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"lower training\.r"):
        rank_limit(513)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "method is PREFIX_TUNING"),
        ({"peft_type": "PROMPT_TUNING"}, "method is PROMPT_TUNING"),
        ({"r": 600}, "rank is 600"),
        ({"rank_pattern": {"q_proj": 1024}}, "rank is 1024"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save: lm_head"),
        ({"bias": "all"}, "bias=all"),
        ({"use_dora": True}, "DoRA"),
        ({"lora_bias": True}, "lora_bias"),
        ({"init_lora_weights": "pissa"}, "'pissa' changed the base"),
    ],
)
def test_what_vllm_cannot_put_beside_a_base_is_named(changes: dict[str, Any], said: str) -> None:
    adapter = {"peft_type": "LORA", "r": 8, "bias": "none", **changes}
    assert len(adapter_problems(adapter)) == 1
    with pytest.raises(ConfigError, match=said):
        check_adapter(adapter)


def test_every_reason_is_in_the_one_message() -> None:
    with pytest.raises(ConfigError, match=r"biases .*; it uses DoRA.*transformers server can"):
        check_adapter({"r": 8, "bias": "all", "use_dora": True})


@pytest.mark.parametrize("start", [True, False, "gaussian", "eva"])
def test_plain_adapters_are_taken(start: bool | str) -> None:
    assert adapter_problems({"peft_type": "LORA", "r": 512, "modules_to_save": None, "init_lora_weights": start}) == []


def test_a_base_that_vllm_serves_is_taken_with_every_target() -> None:
    check_servable(
        LLAMA, TrainingParams(r=512), ServingParams(lora="prove", targets=("gguf", "transformers", "triton"))
    )
    assert {"Qwen3ForCausalLM", "MistralForCausalLM", "Gemma3ForCausalLM"} < architectures()


def test_an_architecture_that_vllm_does_not_know_is_refused_unless_no_proof_is_wanted() -> None:
    strange = {"architectures": ["HomemadeForCausalLM"]}
    with pytest.raises(ConfigError, match=r"HomemadeForCausalLM.*serving\.prove = skip"):
        check_servable(strange, TrainingParams(), ServingParams())
    check_servable(strange, TrainingParams(), ServingParams(prove="skip"))


def test_a_gguf_file_is_refused_before_training_too() -> None:
    gemma = {"architectures": ["Gemma3ForCausalLM"]}
    check_servable(gemma, TrainingParams(), ServingParams())
    with pytest.raises(ConfigError, match="GGUF target knows LlamaForCausalLM"):
        check_servable(gemma, TrainingParams(), ServingParams(targets=("gguf",)))

"""What vLLM cannot serve is refused before it is started."""

from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.evaluation.served import refuse_adapter, require_server

LORA = {"peft_type": "LORA", "r": 8, "bias": "none"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "IA3"}, "IA3 adapter"),
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "biases"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [1]}, "single tokens"),
        ({"r": 1024}, "rank 1024 is above 512"),
        ({"rank_pattern": {"q_proj": 600}}, "rank 600"),
    ],
)
def test_adapters_that_cannot_be_served(config: dict[str, Any], message: str) -> None:
    refuse_adapter(LORA)
    with pytest.raises(ConfigError, match=f"{message}.*evaluation.engine"):
        refuse_adapter(LORA | config)


def test_without_a_server_there_is_a_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_VLLM_PYTHON", "/nowhere/python")
    with pytest.raises(ConfigError, match=r"/nowhere/python does not exist.*make vllm"):
        require_server()
